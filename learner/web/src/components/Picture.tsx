import { useEffect, useImperativeHandle, useRef, useState, type Ref } from "react";
import type { Frame } from "../lib/frame";
import { sentence } from "../lib/stateWords";
import type { StepKey } from "../lib/types";

export interface PictureHandle {
  /** Show this picture as soon as the one before it is drawn; what waits is replaced. */
  put: (frame: Frame) => void;
}

interface Props {
  ref: Ref<PictureHandle>;
  /** Why the learner has no picture; empty if it has. */
  missing: string;
  /** The tool in force. */
  tool: string;
  /** What the robot has just said; empty if nothing. */
  said: string;
  live: boolean;
  /** Called when a picture of this decision is on the screen. */
  onShown: (key: StepKey) => void;
}

/** The live picture of the robot. */
export function Picture({ ref, missing, tool, said, live, onShown }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drawn, setDrawn] = useState(false);
  const waiting = useRef<Frame | null>(null);
  const busy = useRef(false);
  const shown = useRef(onShown);
  useEffect(() => {
    shown.current = onShown;
  });

  useImperativeHandle(ref, () => {
    const draw = async (frame: Frame) => {
      const image = await createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" }));
      const target = canvas.current;
      if (target === null) return;
      if (target.width !== image.width || target.height !== image.height) {
        target.width = image.width;
        target.height = image.height;
      }
      target.getContext("2d")?.drawImage(image, 0, 0);
      image.close();
      setDrawn(true);
      shown.current(frame.key);
    };
    const drain = async () => {
      busy.current = true;
      while (waiting.current !== null) {
        const next = waiting.current;
        waiting.current = null;
        await draw(next).catch((error: unknown) => console.warn("picture:", error));
      }
      busy.current = false;
    };
    return {
      put: (frame) => {
        waiting.current = frame;
        if (!busy.current) void drain();
      },
    };
  }, []);

  const hasPicture = drawn && missing === "";
  return (
    <figure className="picture" data-live={live && hasPicture}>
      <canvas ref={canvas} role="img" aria-label="Live picture of the robot" hidden={!hasPicture} />
      {!hasPicture && (
        <div className="picture-missing">
          <RobotDrawing />
          <p>{missing === "" ? "Waiting for the first picture" : `No live picture: ${missing}`}</p>
        </div>
      )}
      {tool !== "" && <figcaption className="chip">{sentence(tool)}</figcaption>}
      <p className="said" role="status">
        {said !== "" && <q>{sentence(said)}</q>}
      </p>
    </figure>
  );
}

function RobotDrawing() {
  return (
    <svg viewBox="0 0 120 100" width="120" height="100" aria-hidden="true" className="robot-drawing">
      <path d="M42 30 34 8M78 30 86 8" />
      <rect x="22" y="28" width="76" height="44" rx="20" />
      <circle cx="46" cy="50" r="9" />
      <circle cx="74" cy="50" r="9" />
      <path d="M38 76h44l6 18H32z" />
    </svg>
  );
}
