import type { Notice } from "../lib/notices";

/** What a person should know, one line each; nothing while all is well. */
export function Notices({ notices }: { notices: Notice[] }) {
  return (
    <ul className="notices" aria-label="Notices" aria-live="polite">
      {notices.map((notice) => (
        <li key={notice.key} className="notice" data-tone={notice.tone}>
          {notice.text}
        </li>
      ))}
    </ul>
  );
}
