/** Units as people write them, as far as two spellings must be recognised as the same. */

const SPELLINGS = new Map([
  ...["°c", "℃", "c", "celsius", "cel"].map((u) => [u, "degc"] as const),
  ...["°f", "℉", "f", "fahrenheit"].map((u) => [u, "degf"] as const),
  ...["kelvin", "degk", "°k"].map((u) => [u, "k"] as const),
  ...["1/min", "u/min", "r/min"].map((u) => [u, "rpm"] as const),
  ...["percent", "pct"].map((u) => [u, "%"] as const),
  ...["m³/h", "m^3/h", "cbm/h"].map((u) => [u, "m3/h"] as const),
  ...["amp", "amps", "ampere"].map((u) => [u, "a"] as const),
  ...["volt", "volts"].map((u) => [u, "v"] as const),
  ...["lpm"].map((u) => [u, "l/min"] as const),
]);

function canonical(unit: string): string {
  const plain = unit.trim().replace(/\s+/g, "").replace(/^º/, "°");
  const lower = plain.toLowerCase().replace(/^deg\.?(?=[cfk]$)/, "deg");
  // m and M are a factor of 10^9 apart (mW, MW); the case of everything else is habit (bar, Bar; kW, KW)
  return SPELLINGS.get(lower) ?? (/^[mM]/.test(plain) ? plain.charAt(0) + lower.slice(1) : lower);
}

/** True when both are spellings of one unit: "°C" and "deg C", "m³/h" and "m3/h". */
export function sameUnit(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

/** The temperature scale a unit names. */
export function temperatureScale(unit: string): "C" | "F" | undefined {
  const name = canonical(unit);
  return name === "degc" ? "C" : name === "degf" ? "F" : undefined;
}

/** A value with four significant digits and its unit. */
export function withUnit(value: number, unit: string): string {
  const size = Math.abs(value);
  const text = value === 0 || (size >= 1e-4 && size < 1e7) ? String(Number(value.toPrecision(size >= 1000 ? 7 : 4))) : value.toExponential(3);
  return unit === "" ? text : `${text} ${unit}`;
}

/** A time span with its sign, in the unit that suits it: "1.5 s", "-2 h". */
export function duration(ms: number): string {
  const size = Math.abs(ms);
  const [divisor, unit] =
    size < 1000 ? [1, "ms"] : size < 120_000 ? [1000, "s"] : size < 7_200_000 ? [60_000, "min"] : size < 172_800_000 ? [3_600_000, "h"] : [86_400_000, "d"];
  return withUnit(Number((ms / divisor).toPrecision(3)), unit);
}
