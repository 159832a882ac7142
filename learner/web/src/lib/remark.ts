/** What a person says about a decision: words, a rating or both; names as on the wire. */
export interface Remark {
  text: string;
  /** 1 (bad) to 5 (good); null = none. */
  rating: number | null;
  source: "live" | "voice";
}

export const RATINGS = [1, 2, 3, 4, 5] as const;

/** How a remark is quoted on the page. */
export function quoted({ text, rating }: Remark): string {
  if (rating === null) return `“${text}”`;
  return text === "" ? `${rating} of 5:` : `“${text}”, ${rating} of 5:`;
}
