import { RATINGS } from "../lib/remark";

interface Props {
  rating: number | null;
  disabled: boolean;
  onRate: (rating: number | null) => void;
}

/** A rating from 1 to 5; the chosen one once more takes it back. */
export function Stars({ rating, disabled, onRate }: Props) {
  return (
    <fieldset className="stars" disabled={disabled}>
      <legend className="visually-hidden">Rate it, 1 is bad, 5 is good</legend>
      {RATINGS.map((value) => (
        <label key={value} className="star" data-on={rating !== null && value <= rating}>
          <input
            type="radio"
            name="rating"
            className="visually-hidden"
            value={value}
            checked={rating === value}
            aria-label={`${value} of 5`}
            onChange={() => onRate(value)}
            onClick={() => {
              if (rating === value) onRate(null);
            }}
          />
          <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <path d="M16 3.6l3.8 7.9 8.6 1.2-6.2 6 1.5 8.6-7.7-4.1-7.7 4.1 1.5-8.6-6.2-6 8.6-1.2z" />
          </svg>
        </label>
      ))}
    </fieldset>
  );
}
