import { useCallback, useEffect, useRef, useState } from "react";
import { liveUrl } from "../lib/api";
import type { Frame } from "../lib/frame";
import { LiveConnection, type Link } from "../lib/live";
import { parseSummary, type Summary } from "../lib/summary";
import type { LiveFate, LiveStep, NoPicture } from "../lib/types";

export interface LiveListeners {
  /** Called for each picture, outside of React's rendering. */
  onFrame: (frame: Frame) => void;
  onStep: (step: LiveStep) => void;
  onFate: (fate: LiveFate) => void;
}

export interface Live {
  link: Link;
  step: LiveStep | null;
  /** [ms] when the last step message came, on this page's clock. */
  stepAtMs: number;
  summary: Summary | null;
  /** Why there is no live picture; empty if there may be one. */
  noPicture: string;
}

const EMPTY: Live = {
  link: { phase: "connecting", attempt: 0 },
  step: null,
  stepAtMs: 0,
  summary: null,
  noPicture: "",
};

/** The live channel of one robot; no channel while there is no robot. */
export function useLive(robotId: string | null, listeners: LiveListeners): Live {
  const [live, setLive] = useState<Live>(EMPTY);
  const current = useRef(listeners);
  useEffect(() => {
    current.current = listeners;
  });

  const take = useCallback((message: { type: string }) => {
    if (message.type === "step") {
      const step = message as LiveStep;
      current.current.onStep(step);
      setLive((old) => ({ ...old, step, stepAtMs: Date.now() }));
    } else if (message.type === "summary") {
      setLive((old) => ({ ...old, summary: parseSummary(message) }));
    } else if (message.type === "no_picture") {
      setLive((old) => ({ ...old, noPicture: (message as NoPicture).reason }));
    } else if (message.type === "feedback") {
      current.current.onFate(message as LiveFate);
    }
  }, []);

  useEffect(() => {
    setLive(EMPTY);
    if (robotId === null) return;
    const connection = new LiveConnection(liveUrl(robotId), {
      onLink: (link) => setLive((old) => ({ ...old, link })),
      onMessage: take,
      onFrame: (frame) => {
        current.current.onFrame(frame);
        setLive((old) => (old.noPicture === "" ? old : { ...old, noPicture: "" }));
      },
    });
    const retry = () => connection.retryNow();
    window.addEventListener("online", retry);
    document.addEventListener("visibilitychange", retry);
    return () => {
      window.removeEventListener("online", retry);
      document.removeEventListener("visibilitychange", retry);
      connection.close();
    };
  }, [robotId, take]);

  return live;
}
