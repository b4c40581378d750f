/** The editable list: one row per signal. */
import { MillwrightError, type Language } from "../../lib/errors.ts";
import { parseSignals } from "../../lib/signals/set.ts";
import { SIGNAL_KINDS, type SignalSpec } from "../../lib/signals/types.ts";

/** A row as it is typed: limits are text. */
export interface Row {
  name: string;
  unit: string;
  low: string;
  high: string;
  kind: string;
}

type Translate = (key: string, params?: Record<string, string | number>) => string;

const TEXTS = ["name", "unit", "low", "high"] as const;

export function toRow(spec: SignalSpec): Row {
  return {
    name: spec.name,
    unit: spec.unit,
    low: spec.low === null ? "" : String(spec.low),
    high: spec.high === null ? "" : String(spec.high),
    kind: spec.kind,
  };
}

export class SignalRows {
  readonly #list: JQuery;
  readonly #t: Translate;
  readonly #changed: () => void;

  constructor(list: JQuery, t: Translate, changed: () => void) {
    this.#list = list;
    this.#t = t;
    this.#changed = changed;
    list.editableList<Partial<Row>>({
      header: this.#header(),
      addItem: (container, _index, data) => {
        this.#fill(container, data);
        if (data.name === undefined) container.find("input").first().trigger("focus"); // the add button: the browser scrolls to the new row
        changed();
      },
      removeItem: changed,
      sortItems: changed,
      removable: true,
      sortable: true,
      scrollOnAdd: false,
    });
  }

  #header(): JQuery {
    const names = ["signal", "unit", "low", "high", "kind"];
    return $("<div>", { class: "millwright-signals-row" }).append(
      names.map((name) => $("<span>", { class: `millwright-signals-${name}`, text: this.#t(`label.${name}`) })),
    );
  }

  #fill(container: JQuery, data: Partial<Row>): void {
    const row = $("<div>", { class: "millwright-signals-row" }).appendTo(container);
    for (const field of TEXTS) {
      const label = this.#t(`label.${field === "name" ? "signal" : field}`);
      const title = field === "low" || field === "high" ? this.#t(`tip.${field}`) : label;
      $("<input>", {
        type: "text",
        class: `millwright-signals-${field === "name" ? "signal" : field}`,
        "data-field": field,
        "aria-label": label,
        title,
        placeholder: field === "name" ? label : "",
      })
        .val(data[field] ?? "")
        .on("input", this.#changed)
        .appendTo(row);
    }
    const kinds = SIGNAL_KINDS.map((kind) => $("<option>", { value: kind, text: this.#t(`kind.${kind}`) }));
    $("<select>", { class: "millwright-signals-kind", "data-field": "kind", "aria-label": this.#t("label.kind") })
      .append(kinds)
      .val(data.kind ?? "auto")
      .on("change", this.#changed)
      .appendTo(row);
  }

  /** What is typed, in order; rows without any text are left out. */
  read(): Row[] {
    const rows = this.#items().map((item) => {
      const value = (field: string): string => String($(item).find(`[data-field=${field}]`).val() ?? "").trim();
      return { name: value("name"), unit: value("unit"), low: value("low"), high: value("high"), kind: value("kind") };
    });
    return rows.filter((row) => row.name !== "" || row.unit !== "" || row.low !== "" || row.high !== "");
  }

  write(rows: readonly Row[]): void {
    this.#list.editableList("empty");
    this.#list.editableList("addItems", [...rows]);
    this.#changed();
  }

  /** Marks the first field that is wrong and gives the reason; "" when all is well. */
  check(language: Language): string {
    this.#list.find(".input-error").removeClass("input-error").removeAttr("aria-invalid");
    try {
      parseSignals(this.read());
      return "";
    } catch (error) {
      if (!(error instanceof MillwrightError)) throw error;
      const place = error.details["field"];
      // signals[2] (temp).low
      const [, index, field] = /^signals\[(\d+)\].*\.(\w+)$/.exec(typeof place === "string" ? place : "") ?? [];
      const filled = this.#items().filter((item) => TEXTS.some((t) => $(item).find(`[data-field=${t}]`).val() !== ""));
      const item = index === undefined ? undefined : filled[Number(index)];
      if (item !== undefined && field !== undefined) $(item).find(`[data-field=${field}]`).addClass("input-error").attr("aria-invalid", "true");
      return error.describe(language);
    }
  }

  height(pixels: number): void {
    this.#list.editableList("height", pixels);
  }

  #items(): HTMLElement[] {
    return this.#list.editableList("items").toArray();
  }
}
