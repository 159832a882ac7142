/** Where a finger is on the pad: both in [-1, 1], x to the right, y up; the middle is straight ahead. */
export interface PadPoint {
  x: number;
  y: number;
}

/** What the learner takes; angles in rad. */
export interface TeleopMove {
  sent_ms: number;
  head_rpy: [number, number, number];
}

/** How far the pad's edges turn the head [rad]: yaw to either side, up, down. */
const YAW = 0.7;
const UP = 0.4;
const DOWN = 0.5;
/** Targets a second while somebody holds on. */
const PERIOD_MS = 50;
/** The learner's close code for a robot that cannot be moved. */
const REFUSED = 4409;

/** The target of a point on the pad; points beyond the edge count as on it. */
export function moveTo(point: PadPoint, sentMs: number): TeleopMove {
  const x = Math.min(1, Math.max(-1, point.x));
  const y = Math.min(1, Math.max(-1, point.y));
  // Looking right is a negative yaw, looking up a negative pitch.
  return { sent_ms: sentMs, head_rpy: [0, y > 0 ? -y * UP : -y * DOWN, -x * YAW] };
}

export interface HandHandlers {
  /** The hand is off again; empty when the person let go. */
  onEnd: (reason: string) => void;
}

/**
 * One hold of the pad. Targets are sent while the connection is open and never kept: what cannot be sent now is not
 * sent at all. Closing hands the motion back to the policy.
 */
export class Hand {
  private readonly socket: WebSocket;
  private readonly timer: ReturnType<typeof setInterval>;
  private point: PadPoint;
  private over = false;

  constructor(
    url: string,
    start: PadPoint,
    private readonly handlers: HandHandlers,
  ) {
    this.point = start;
    this.socket = new WebSocket(url);
    this.socket.onclose = (event) => {
      this.end(event.code === REFUSED ? event.reason : "the connection to the learner broke");
    };
    this.timer = setInterval(() => this.send(), PERIOD_MS);
  }

  move(point: PadPoint): void {
    this.point = point;
  }

  release(): void {
    this.end("");
  }

  private send(): void {
    if (this.socket.readyState !== WebSocket.OPEN || this.socket.bufferedAmount > 0) return;
    this.socket.send(JSON.stringify(moveTo(this.point, performance.now())));
  }

  private end(reason: string): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.timer);
    this.socket.onclose = null;
    this.socket.close();
    this.handlers.onEnd(reason);
  }
}
