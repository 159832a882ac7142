import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backoffMs } from "../src/lib/backoff";
import { LiveConnection, type Link } from "../src/lib/live";

class Socket {
  static all: Socket[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    Socket.all.push(this);
  }
  close() {
    this.closed = true;
  }
}

const last = () => Socket.all[Socket.all.length - 1]!;

function connect() {
  const links: Link[] = [];
  const messages: { type: string }[] = [];
  const connection = new LiveConnection("ws://learner/live", {
    onLink: (link) => links.push(link),
    onMessage: (message) => messages.push(message),
    onFrame: () => undefined,
  });
  return { connection, links, messages };
}

beforeEach(() => {
  Socket.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("LiveConnection", () => {
  it("comes back after a lost line, waiting longer each time, and starts small again after a word", () => {
    const { links } = connect();
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      last().onclose?.();
      const link = links[links.length - 1]!;
      if (link.phase !== "waiting") throw new Error(link.phase);
      waits.push(link.retryAtMs - Date.now());
      vi.advanceTimersByTime(waits[i]!);
    }
    expect(Socket.all).toHaveLength(5);
    expect(waits[3]!).toBeGreaterThan(waits[0]!);
    last().onopen?.();
    last().onmessage?.({ data: '{"type":"summary"}' });
    last().onclose?.();
    const link = links[links.length - 1]!;
    expect(link.phase === "waiting" && link.attempt).toBe(1);
  });

  it("treats silence as a lost line", () => {
    const { links } = connect();
    last().onopen?.();
    vi.advanceTimersByTime(5000);
    last().onmessage?.({ data: '{"type":"summary"}' });
    vi.advanceTimersByTime(5000);
    expect(links[links.length - 1]!.phase).toBe("open");
    vi.advanceTimersByTime(1001);
    expect(links[links.length - 1]!.phase).toBe("waiting");
    expect(Socket.all[0]!.closed).toBe(true);
  });

  it("goes on after an unreadable message", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { messages } = connect();
    last().onmessage?.({ data: "{" });
    last().onmessage?.({ data: new ArrayBuffer(2) });
    last().onmessage?.({ data: '{"type":"step"}' });
    expect(messages).toEqual([{ type: "step" }]);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it("tries at once when asked to, and never after it was closed", () => {
    const { connection } = connect();
    last().onclose?.();
    connection.retryNow();
    expect(Socket.all).toHaveLength(2);
    connection.retryNow();
    expect(Socket.all).toHaveLength(2);
    connection.close();
    connection.retryNow();
    vi.advanceTimersByTime(60_000);
    expect(Socket.all).toHaveLength(2);
  });
});

describe("backoffMs", () => {
  it("doubles up to a limit, with jitter below", () => {
    expect([0, 1, 2, 9, 500].map((n) => backoffMs(n, () => 1))).toEqual([500, 1000, 2000, 10_000, 10_000]);
    expect(backoffMs(3, () => 0)).toBe(2000);
  });
});
