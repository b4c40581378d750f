/** The versions of a model for the editor: what their cards say, in short. */
import { MillwrightError, type Bilingual } from "../../errors.ts";
import type { Shelf, StoredVersion } from "./shelf.ts";

/** What the card of a version says, in short. */
export type Card =
  | { readonly damaged: true }
  | {
      readonly damaged: false;
      readonly methods: readonly string[];
      readonly samples: number;
      /** Period of the training samples, ms since 1970; NaN without times. */
      readonly from: number;
      readonly to: number;
      readonly falseAlarmsPerWeek: number;
      readonly confidence: number;
      readonly why: Bilingual;
    };
export type CatalogueEntry = Card & { readonly version: number; readonly active: boolean; readonly created: number };

/** Entries at most. */
const SHOWN = 20;

export class Catalogue {
  readonly #shelf: Shelf;
  readonly #name: string;
  readonly #cards = new Map<string, Card>(); // by SHA-256

  constructor(shelf: Shelf, name: string) {
    this.#shelf = shelf;
    this.#name = name;
  }

  /** The newest versions, newest first, with what their cards say. */
  async entries(): Promise<CatalogueEntry[]> {
    const versions = (await this.#shelf.versions(this.#name)).slice(-SHOWN).reverse();
    const entries: CatalogueEntry[] = [];
    for (const v of versions) entries.push({ version: v.version, active: v.active, created: v.created, ...(await this.#card(v)) });
    return entries;
  }

  async #card({ version, sha256 }: StoredVersion): Promise<Card> {
    const known = this.#cards.get(sha256);
    if (known) return known;
    try {
      const found = await this.#shelf.read(this.#name, version);
      if (!found) return { damaged: true };
      const { members, trained, calibration, why } = found.model;
      const card: Card = {
        damaged: false,
        methods: members.map((m) => m.method),
        samples: trained.rows,
        from: trained.from,
        to: trained.to,
        falseAlarmsPerWeek: calibration.perWeek,
        confidence: calibration.confidence,
        why,
      };
      this.#cards.set(sha256, card);
      return card;
    } catch (error) {
      if (error instanceof MillwrightError) return { damaged: true };
      throw error;
    }
  }
}
