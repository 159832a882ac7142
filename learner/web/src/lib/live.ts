import { backoffMs } from "./backoff";
import { decodeFrame, type Frame } from "./frame";

/** How the live connection stands. */
export type Link =
  | { phase: "connecting"; attempt: number }
  | { phase: "open" }
  | { phase: "waiting"; attempt: number; retryAtMs: number };

export interface LiveHandlers {
  onLink: (link: Link) => void;
  onMessage: (message: { type: string }) => void;
  onFrame: (frame: Frame) => void;
}

/** The learner sends at least a summary every second; silence this long [ms] means the line is dead. */
const SILENCE_MS = 6000;

/** A WebSocket to the learner that comes back by itself until it is closed. */
export class LiveConnection {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly handlers: LiveHandlers,
  ) {
    this.connect();
  }

  /** Try at once instead of waiting: the phone is back on the network, or the page back on the screen. */
  retryNow(): void {
    if (this.closed || this.socket !== null) return;
    clearTimeout(this.timer);
    this.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.drop();
  }

  private connect(): void {
    this.handlers.onLink({ phase: "connecting", attempt: this.attempt });
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.listen();
    socket.onopen = () => {
      this.listen();
      this.handlers.onLink({ phase: "open" });
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      this.attempt = 0;
      this.listen();
      this.receive(event.data);
    };
    socket.onclose = () => this.again();
  }

  /** Begin to count the silence anew. */
  private listen(): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.again(), SILENCE_MS);
  }

  private receive(data: string | ArrayBuffer): void {
    try {
      if (typeof data === "string") this.handlers.onMessage(JSON.parse(data) as { type: string });
      else this.handlers.onFrame(decodeFrame(data));
    } catch (error) {
      console.warn("unreadable live message:", error);
    }
  }

  private again(): void {
    this.drop();
    if (this.closed) return;
    const waitMs = backoffMs(this.attempt);
    this.attempt += 1;
    this.handlers.onLink({ phase: "waiting", attempt: this.attempt, retryAtMs: Date.now() + waitMs });
    this.timer = setTimeout(() => this.connect(), waitMs);
  }

  private drop(): void {
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
