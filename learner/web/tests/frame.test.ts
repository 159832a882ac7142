import { describe, expect, it } from "vitest";
import { decodeFrame } from "../src/lib/frame";

function message(header: string, jpeg: number[], claimed?: number): ArrayBuffer {
  const head = new TextEncoder().encode(header);
  const bytes = new Uint8Array(4 + head.length + jpeg.length);
  new DataView(bytes.buffer).setUint32(0, claimed ?? head.length, true);
  bytes.set(head, 4);
  bytes.set(jpeg, 4 + head.length);
  return bytes.buffer;
}

describe("decodeFrame", () => {
  it("gives the decision and the picture", () => {
    const frame = decodeFrame(
      message('{"boot_epoch":3,"decision_seq":41,"episode_id":"é-1"}', [0xff, 0xd8, 7, 0xff, 0xd9]),
    );
    expect(frame.key).toEqual({ boot_epoch: 3, decision_seq: 41 });
    expect(frame.episodeId).toBe("é-1");
    expect([...frame.jpeg]).toEqual([0xff, 0xd8, 7, 0xff, 0xd9]);
  });

  it("reads the length as little endian", () => {
    const data = message('{"boot_epoch":1,"decision_seq":2,"episode_id":""}', [1]);
    expect(new Uint8Array(data)[0]).toBe(49);
    expect(decodeFrame(data).key.decision_seq).toBe(2);
  });

  it.each([
    ["no header", new ArrayBuffer(3), "3 bytes"],
    ["a header longer than the message", message("{}", [1], 500), "claims 500"],
    ["a huge header", message("{}", [], 0xffffffff), "claims 4294967295"],
    ["a header without a key", message('{"boot_epoch":1}', []), "lacks"],
    ["a key that is no number", message('{"boot_epoch":1,"decision_seq":"2","episode_id":"e"}', []), "lacks"],
  ])("refuses %s", (_, data, told) => {
    expect(() => decodeFrame(data)).toThrow(told);
  });

  it("refuses a header that is not JSON", () => {
    expect(() => decodeFrame(message("{nope", []))).toThrow(SyntaxError);
  });
});
