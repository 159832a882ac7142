import { useEffect, useState } from "react";
import type { Robot } from "../lib/types";

/** The chosen robot, or else the first one that is connected; while that one is connected, it stays. */
export function useDefaultRobot(robots: Robot[] | null, chosen: string | null): string | null {
  const [found, setFound] = useState<string | null>(null);
  useEffect(() => {
    setFound((old) => pick(robots ?? [], old));
  }, [robots]);
  return chosen ?? found;
}

function pick(robots: Robot[], current: string | null): string | null {
  const kept = robots.find((robot) => robot.robot_id === current);
  if (kept?.connected) return kept.robot_id;
  return (robots.find((robot) => robot.connected) ?? kept ?? robots[0])?.robot_id ?? current;
}
