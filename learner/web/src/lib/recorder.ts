/** Records the microphone between two moments. */

const KINDS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

/** Why this page cannot record; empty if it can. */
export function cannotRecord(): string {
  if (!window.isSecureContext) return "browsers give the microphone to https pages and to localhost only";
  if (navigator.mediaDevices === undefined || typeof MediaRecorder === "undefined") return "this browser cannot record";
  return "";
}

export interface Recording {
  /** Ends it; gives what was said. */
  stop: () => Promise<Blob>;
}

/** Asks for the microphone and begins; it is let go of at the end. */
export async function record(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
  });
  const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one));
  const recorder = new MediaRecorder(stream, kind === undefined ? {} : { mimeType: kind });
  const parts: Blob[] = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const ended = new Promise<Blob>((resolve) => {
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      resolve(new Blob(parts, { type: recorder.mimeType.split(";")[0] ?? "" }));
    };
  });
  recorder.start();
  return {
    stop: () => {
      if (recorder.state !== "inactive") recorder.stop();
      return ended;
    },
  };
}

/** Why there is no recording, in words for a person. */
export function microphoneTrouble(error: unknown): string {
  if (error instanceof DOMException && error.name === "NotAllowedError") return "the browser was not allowed to use the microphone";
  if (error instanceof DOMException && error.name === "NotFoundError") return "there is no microphone here";
  return (error as Error).message;
}
