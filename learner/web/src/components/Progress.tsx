import { sentence } from "../lib/stateWords";
import type { Summary } from "../lib/summary";

interface Props {
  summary: Summary | null;
  /** Version of the policy that the robot runs; null = unknown, 0 = none. */
  onRobot: number | null;
  /** Task -> the task that the robot has to pass first. */
  locked: Record<string, string>;
}

/** How far learning has come, small. */
export function Progress({ summary, onRobot, locked }: Props) {
  return (
    <section className="card progress" aria-label="Progress">
      {summary !== null && summary.tasks.length > 0 && (
        <ul className="tasks">
          {summary.tasks.map((task) => (
            <Task key={task.name} name={task.name} success={task.success} after={locked[task.name] ?? ""} />
          ))}
        </ul>
      )}
      <dl className="figures">
        <Figure name="Policy" value={onRobot === null ? "–" : onRobot === 0 ? "none" : `v${onRobot}`} />
        <Figure name="Episodes" value={summary?.episodes ?? "–"} />
        <Figure name="Feedback" value={summary?.feedback ?? "–"} />
      </dl>
    </section>
  );
}

function Task({ name, success, after }: { name: string; success: number | null; after: string }) {
  if (after !== "") {
    return (
      <li className="task task-locked">
        <span className="task-name">{sentence(name)}</span>
        <span>opens after {after}</span>
      </li>
    );
  }
  const percent = success === null ? null : Math.round(success * 100);
  return (
    <li className="task">
      <span className="task-name">{sentence(name)}</span>
      <span className="bar" aria-hidden="true">
        <span style={{ inlineSize: `${percent ?? 0}%` }} />
      </span>
      <span className="task-value">{percent === null ? "–" : `${percent} %`}</span>
    </li>
  );
}

function Figure({ name, value }: { name: string; value: string | number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
