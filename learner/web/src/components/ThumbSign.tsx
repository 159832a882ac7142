/** A thumb, up or down: drawn, because not every machine has an emoji font. */
export function ThumbSign({ down = false }: { down?: boolean }) {
  return (
    <svg className="thumb-sign" data-down={down} viewBox="0 0 32 32" width="34" height="34" aria-hidden="true">
      <rect x="3" y="14" width="6.5" height="14" rx="2.2" />
      <path d="M11.5 14.6 16.4 4.7a2.1 2.1 0 0 1 1.9-1.2c2.2 0 3.7 1.9 3.3 4.1L20.7 12h5.5a3 3 0 0 1 2.9 3.6l-1.9 9.2A4 4 0 0 1 23.3 28H15a3.5 3.5 0 0 1-3.5-3.5z" />
    </svg>
  );
}
