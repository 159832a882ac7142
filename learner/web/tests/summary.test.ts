import { expect, it } from "vitest";
import { parseSummary } from "../src/lib/summary";

it("reads what the learner sends", () => {
  const summary = parseSummary({
    type: "summary",
    tasks: { look: { episodes: 9, recent: 9, success_rate: 0.5 }, nod: { success_rate: null } },
    episodes: 9,
    feedback: { good: 3, bad: 1, text: 2, undo: 5 },
  });
  expect(summary).toMatchObject({
    tasks: [
      { name: "look", success: 0.5 },
      { name: "nod", success: null },
    ],
    episodes: 9,
    feedback: 6,
  });
});

it.each([{}, { tasks: [], episodes: "9", feedback: 4 }, { tasks: { look: null } }])("survives %j", (message) => {
  const summary = parseSummary(message);
  expect(summary.episodes).toBeNull();
  expect(summary.feedback).toBeNull();
  expect(summary.tasks.every((task) => task.success === null)).toBe(true);
});
