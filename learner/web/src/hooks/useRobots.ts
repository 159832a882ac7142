import { useEffect, useState } from "react";
import { getRobots } from "../lib/api";
import type { Robot } from "../lib/types";

const PERIOD_MS = 3000;

/** The learner's robots, asked for again and again; null until the first answer. */
export function useRobots(): Robot[] | null {
  const [robots, setRobots] = useState<Robot[] | null>(null);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      try {
        const found = await getRobots();
        if (!gone) setRobots(found);
      } catch {
        // The live channel says what is wrong; the next round asks again.
      }
      if (!gone) timer = setTimeout(() => void ask(), PERIOD_MS);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, []);
  return robots;
}
