/** The part of the dialog that shows the running node: what it does, its models, and the buttons for both. */
import type { EditorRED } from "node-red";

declare const RED: EditorRED;

export type Translate = (key: string, values?: Record<string, unknown>) => string;

interface Version {
  readonly version: number;
  readonly created: number;
  readonly damaged: boolean;
  readonly methods?: readonly string[];
  readonly samples?: number;
  readonly falseAlarmsPerWeek?: number;
  readonly why?: { readonly en: string; readonly zh: string };
}

/** What GET /millwright-anomaly/:id answers. */
export interface Overview {
  readonly state: "learning" | "training" | "watching" | "waiting" | "refused";
  readonly model: { readonly name: string; readonly version: number; readonly method: string; readonly hash: string } | null;
  /** In the runtime's language. */
  readonly why: string;
  readonly candidate: number | null;
  readonly signals: readonly string[];
  readonly periodMs: number;
  readonly progress: number;
  readonly limitFactor: number;
  readonly alarm: { readonly id: string; readonly start: number } | null;
  readonly training: { readonly ahead: number; readonly progress: number } | null;
  readonly versions: readonly Version[];
}

const REFRESH = 3000; // ms

export class StatePanel {
  readonly #id: string;
  readonly #body: JQuery;
  readonly #t: Translate;
  readonly #seen: (overview: Overview) => void;
  readonly #language = RED.i18n.lang();
  readonly #timer: number;
  #failure = "";

  /** `seen` hears of every answer. */
  constructor(id: string, body: JQuery, t: Translate, seen: (overview: Overview) => void) {
    this.#id = id;
    this.#body = body;
    this.#t = t;
    this.#seen = seen;
    this.#timer = window.setInterval(() => this.#refresh(), REFRESH);
    this.#refresh();
  }

  close(): void {
    window.clearInterval(this.#timer);
  }

  #refresh(): void {
    $.getJSON(`millwright-anomaly/${this.#id}`)
      .done((overview: Overview) => {
        this.#seen(overview);
        this.#draw(overview);
      })
      .fail((request) => {
        const text = request.status === 404 ? this.#t("notDeployed") : this.#t("unreachable", { reason: request.statusText });
        this.#body.empty().append($("<p>").text(text));
      });
  }

  #order(command: string, version?: number): void {
    this.#failure = "";
    const url = `millwright-anomaly/${this.#id}/${command}?lang=${encodeURIComponent(this.#language)}`;
    $.ajax({ url, method: "POST", contentType: "application/json", data: JSON.stringify({ version }) })
      .fail((request) => {
        const answer = request.responseJSON as { readonly message?: string } | undefined;
        this.#failure = answer?.message ?? request.statusText;
      })
      .always(() => this.#refresh());
    window.setTimeout(() => this.#refresh(), 300); // training answers only when it is done
  }

  #draw(o: Overview): void {
    this.#body.empty().append(this.#facts(o));
    if (this.#failure !== "") this.#body.append($('<div class="millwright-failure">').text(this.#failure));
    this.#body.append(this.#buttons(o));
    if (o.versions.length > 0) this.#body.append(this.#table(o.versions, o.model?.version));
  }

  #facts(o: Overview): JQuery {
    const list = $('<dl class="millwright-facts">');
    const add = (key: string, value: string): void => {
      if (value !== "") list.append($("<dt>").text(this.#t(`facts.${key}`)), $("<dd>").text(value));
    };
    add("state", this.#state(o));
    add(
      "model",
      o.model
        ? `${o.model.name}, ${this.#t("modelLine", { version: o.model.version, methods: this.#methods(o.model.method.split(" + ")) })}`
        : this.#t("noModel"),
    );
    add("why", this.#why(o.versions.find((v) => v.version === o.model?.version)) || o.why);
    add("limit", Math.abs(o.limitFactor - 1) < 1e-9 ? "" : `× ${this.#number(o.limitFactor)}`);
    add("signals", o.signals.join(", "));
    add("alarm", o.alarm ? `${o.alarm.id}, ${new Date(o.alarm.start).toLocaleString(this.#language)}` : "");
    return list;
  }

  #state(o: Overview): string {
    if (o.training) {
      return o.training.ahead > 0
        ? this.#t("states.queued", { ahead: o.training.ahead })
        : this.#t("states.training", { progress: Math.floor(o.training.progress * 100) });
    }
    if (o.candidate !== null) return this.#t("states.candidate", { version: o.candidate });
    return this.#t(`states.${o.state}`, { progress: Math.floor(o.progress * 100) });
  }

  #buttons(o: Overview): JQuery {
    const bar = $('<div class="millwright-buttons">');
    const add = (name: string, act: () => void): void => {
      bar.append(
        $('<button type="button" class="red-ui-button">')
          .text(this.#t(`buttons.${name}`))
          .on("click", act),
      );
    };
    if (o.training) add("cancel", () => this.#order("cancel"));
    else add("train", () => this.#order("train"));
    if (o.versions.length > 1) add("rollback", () => this.#order("rollback"));
    add("reset", () => {
      if (window.confirm(this.#t("confirmReset"))) this.#order("reset");
    });
    return bar;
  }

  #table(versions: readonly Version[], used: number | undefined): JQuery {
    const head = $("<tr>").append(["version", "created", "methods", "samples", "rate", "action"].map((c) => $("<th>").text(this.#t(`columns.${c}`))));
    return $('<table class="millwright-versions">').append(
      $("<thead>").append(head),
      $("<tbody>").append(versions.map((v) => this.#row(v, v.version === used))),
    );
  }

  #row(v: Version, used: boolean): JQuery {
    const cells = [
      String(v.version),
      new Date(v.created).toLocaleString(this.#language, { dateStyle: "short", timeStyle: "short" }),
      v.damaged ? this.#t("damaged") : this.#methods(v.methods ?? []),
      v.samples === undefined ? "" : v.samples.toLocaleString(this.#language),
      v.falseAlarmsPerWeek === undefined ? "" : this.#number(v.falseAlarmsPerWeek),
    ];
    const action = used ? $("<td>").text(this.#t("active")) : $("<td>");
    if (!used && !v.damaged) {
      action.append(
        $('<button type="button" class="red-ui-button red-ui-button-small">')
          .text(this.#t("buttons.promote"))
          .on("click", () => this.#order("promote", v.version)),
      );
    }
    return $("<tr>")
      .toggleClass("millwright-active", used)
      .attr("title", this.#why(v))
      .append(
        cells.map((c) => $("<td>").text(c)),
        action,
      );
  }

  /** In the editor's language, which need not be the runtime's. */
  #why(version: Version | undefined): string {
    return version?.why?.[this.#language.startsWith("zh") ? "zh" : "en"] ?? "";
  }

  #methods(names: readonly string[]): string {
    return names.map((m) => this.#t(`methods.${m}`)).join(" + ");
  }

  #number(value: number): string {
    return value.toLocaleString(this.#language, { maximumSignificantDigits: 2 });
  }
}
