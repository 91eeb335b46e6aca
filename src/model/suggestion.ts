// What a mistyped name may have meant.

/** Edit distance (Levenshtein 1966). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** `; did you mean units?`, if a name is near enough. */
export function suggestion(given: string, known: readonly string[]): string {
  const ranked = known
    .map((name) => ({ name, far: distance(given.slice(0, 64).toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  const [nearest] = ranked;
  const close = nearest && nearest.far <= Math.max(2, Math.floor(nearest.name.length / 3));
  return close ? `; did you mean ${nearest.name}?` : '';
}
