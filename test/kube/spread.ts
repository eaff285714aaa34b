/** The least and the most of what comes of many who do the same. */
export function spread(
  course: () => number,
  { times = 2_000 } = {},
): { readonly least: number; readonly most: number } {
  const all = Array.from({ length: times }, course);
  return { least: Math.min(...all), most: Math.max(...all) };
}
