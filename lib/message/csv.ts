/** CSV text as plants export it: `;`, `,` or tab, quotes as in RFC 4180, BOM, `sep=` line, any line end. No Node-RED and no Node in here: the editor uses it too. */

export interface CsvFormat {
  readonly delimiter: ";" | "," | "\t";
  /** Numbers may have a decimal comma, because the comma separates nothing. */
  readonly decimalComma: boolean;
  readonly newline: "\n" | "\r";
  /** Where the first record starts. */
  readonly start: number;
}

const PROBE = 100_000; // characters searched for the first line end

/** Delimiter and line end, from the first line that holds anything. */
export function csvFormat(text: string): CsvFormat {
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const newline = text.slice(start, start + PROBE).includes("\n") ? "\n" : "\r";
  const declared = /^sep=([;,\t])\r?[\n\r]/i.exec(text.slice(start, start + 8));
  if (declared) start += declared[0].length;
  const outside = text
    .slice(start, start + PROBE)
    .replace(/"(?:[^"]|"")*"/g, "")
    .trimStart(); // a delimiter in quotes is text
  const end = outside.search(/[\r\n]/);
  const line = end < 0 ? outside : outside.slice(0, end);
  const delimiter = declared ? (declared[1] as CsvFormat["delimiter"]) : line.includes(";") ? ";" : line.includes("\t") ? "\t" : ",";
  return { delimiter, decimalComma: delimiter !== ",", newline, start };
}

/**
 * Reads the record at `at` into `cells` (reused; quotes removed) and gives the offset of the next one. Blank lines are skipped: `cells` is
 * empty only at the end of the text. -1: a quote is not closed.
 */
export function readRecord(text: string, at: number, format: CsvFormat, cells: string[]): number {
  let from = at;
  cells.length = 0;
  while (from < text.length) {
    const newline = text.indexOf(format.newline, from);
    const end = newline < 0 ? text.length : newline;
    const next = newline < 0 ? text.length : newline + 1;
    const line = text.slice(from, text.charCodeAt(end - 1) === 13 ? end - 1 : end);
    if (line.includes('"')) return readQuoted(text, from, format, cells);
    if (line.trim() !== "") {
      splitInto(line, format.delimiter, cells);
      return next;
    }
    from = next;
  }
  return from;
}

function splitInto(line: string, delimiter: string, cells: string[]): void {
  let from = 0;
  for (let to = line.indexOf(delimiter); to >= 0; to = line.indexOf(delimiter, from)) {
    cells.push(line.slice(from, to));
    from = to + 1;
  }
  cells.push(line.slice(from));
}

/** A record with quotes: they may hold delimiters, line ends and doubled quotes. */
function readQuoted(text: string, at: number, { delimiter, newline }: CsvFormat, cells: string[]): number {
  let cell = "";
  for (let i = at; ; i++) {
    const c = text.charAt(i);
    if (c === '"' && cell.trim() === "") {
      const close = closingQuote(text, i + 1);
      if (close < 0) return -1;
      cell = text.slice(i + 1, close).replace(/""/g, '"');
      i = close;
    } else if (c === delimiter) {
      cells.push(cell);
      cell = "";
    } else if (c === newline || c === "") {
      cells.push(cell.endsWith("\r") ? cell.slice(0, -1) : cell);
      return Math.min(i + 1, text.length);
    } else {
      cell += c;
    }
  }
}

function closingQuote(text: string, from: number): number {
  for (let i = text.indexOf('"', from); i >= 0; i = text.indexOf('"', i + 2)) if (text.charAt(i + 1) !== '"') return i;
  return -1;
}
