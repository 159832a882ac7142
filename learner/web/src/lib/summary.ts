/** Training progress, as the page shows it. */
export interface Summary {
  tasks: TaskProgress[];
  episodes: number | null;
  feedback: number | null;
}

export interface TaskProgress {
  name: string;
  /** [0, 1] over the robot's last episodes; null = none yet. */
  success: number | null;
}

/** Read a summary message; what it lacks is null, so that an older or newer learner never breaks the page. */
export function parseSummary(message: object): Summary {
  const raw = message as Record<string, unknown>;
  const tasks = isRecord(raw.tasks) ? raw.tasks : {};
  return {
    tasks: Object.entries(tasks).map(([name, task]) => ({
      name,
      success: isRecord(task) ? number(task.success_rate) : null,
    })),
    episodes: number(raw.episodes),
    feedback: isRecord(raw.feedback)
      ? ["good", "bad", "text"].reduce((sum, kind) => sum + (number((raw.feedback as Record<string, unknown>)[kind]) ?? 0), 0)
      : null,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
