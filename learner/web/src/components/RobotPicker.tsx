import type { Robot } from "../lib/types";

interface Props {
  robots: Robot[];
  chosen: string | null;
  onChoose: (robotId: string) => void;
}

/** Which robot this page is about, where there are several. */
export function RobotPicker({ robots, chosen, onChoose }: Props) {
  return (
    <label className="picker">
      <span className="visually-hidden">Robot</span>
      <select value={chosen ?? ""} onChange={(event) => onChoose(event.target.value)}>
        {robots.map((robot) => (
          <option key={robot.robot_id} value={robot.robot_id}>
            {robot.robot_id}
          </option>
        ))}
      </select>
    </label>
  );
}
