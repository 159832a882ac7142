const KEY = "reachy-coach-client";

/** A name for this browser, made once: it tells one person's feedback from another's. */
export function clientId(): string {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept) return kept;
    const made = fresh();
    localStorage.setItem(KEY, made);
    return made;
  } catch {
    return fresh(); // storage is forbidden here: a name for this visit
  }
}

function fresh(): string {
  // crypto.randomUUID exists only on HTTPS and localhost; phones usually open plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
