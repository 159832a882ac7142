import type { StepKey } from "./types";

/** One live picture and the decision that it shows. */
export interface Frame {
  key: StepKey;
  episodeId: string;
  jpeg: Uint8Array<ArrayBuffer>;
}

const MAX_HEADER = 4096;

/**
 * Decode a binary message: uint32 little-endian header length, JSON header, JPEG.
 * @throws Error naming what is wrong with the message.
 */
export function decodeFrame(data: ArrayBuffer): Frame {
  if (data.byteLength < 4) throw new Error(`frame of ${data.byteLength} bytes has no header`);
  const length = new DataView(data).getUint32(0, true);
  if (length > MAX_HEADER || 4 + length > data.byteLength) {
    throw new Error(`frame header claims ${length} bytes of ${data.byteLength}`);
  }
  const header: unknown = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  if (!isHeader(header)) throw new Error("frame header lacks boot_epoch, decision_seq or episode_id");
  return {
    key: { boot_epoch: header.boot_epoch, decision_seq: header.decision_seq },
    episodeId: header.episode_id,
    jpeg: new Uint8Array(data, 4 + length),
  };
}

interface Header extends StepKey {
  episode_id: string;
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== "object" || value === null) return false;
  const header = value as Record<string, unknown>;
  return (
    Number.isInteger(header.boot_epoch) &&
    Number.isInteger(header.decision_seq) &&
    typeof header.episode_id === "string"
  );
}
