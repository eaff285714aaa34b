const secondsOf: Record<string, number> = { h: 3600, m: 60, s: 1 };

/** `1m` as Go prints it: `1m0s`. What is not hours, minutes and whole seconds comes back as it is. */
export function goDuration(text: string): string {
  const parts = text.match(/^(\d+[hms])+$/) === null ? [] : (text.match(/\d+[hms]/g) ?? []);
  if (parts.length === 0) return text;
  const total = parts.reduce((sum, part) => sum + parseInt(part, 10) * (secondsOf[part.slice(-1)] ?? 0), 0);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
