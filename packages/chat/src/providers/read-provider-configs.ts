import { nearest, Secret } from "@warren/host";
import type { Prices } from "./costs.ts";
import { readEndpoint } from "./endpoint.ts";
import { PROVIDER_TYPES, type ProviderType } from "./ports.ts";
import type { ProviderConfig } from "./provider-config.ts";

/** Fields of a provider: in the environment after `LLM_PROVIDER_<n>_`, in TOML as camelCase or snake_case. */
const FIELDS = [
  "ID",
  "NAME",
  "TYPE",
  "ENDPOINT",
  "API_KEY",
  "API_KEY_FILE",
  "MODEL",
  "MODE",
  "INPUT_PRICE",
  "OUTPUT_PRICE",
] as const;
type Field = (typeof FIELDS)[number];

const MOST_PROVIDERS = 10;
/** An id is part of an author's name and of a metric's label. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const PLACEHOLDER = /REPLACE_WITH|PLACEHOLDER|CHANGE[-_]ME|YOUR-/i;

/** One value and the name under which the operator said it. */
interface Said {
  name: string;
  text: string;
}
type Slot = Map<Field, Said>;

export interface ProviderConfigs {
  /** In the order of their numbers; empty where nothing is configured. */
  providers: readonly ProviderConfig[];
  /** All that is wrong, under the names that the operator typed. None of them holds a key. */
  problems: string[];
}

/**
 * Providers from `LLM_PROVIDER_<n>_*` (n from 1 to 10, gaps allowed) and from the value of TOML's
 * `llm.providers`, whose n-th entry is number n; the environment wins, field by field. Empty is unset.
 */
export function readProviderConfigs(
  env: Readonly<Record<string, string | undefined>>,
  toml: unknown,
): ProviderConfigs {
  const problems: string[] = [];
  const slots = new Map<number, Slot>();
  readToml(toml, slots, problems);
  readEnvironment(env, slots, problems);
  const numbered = [...slots].sort(([a], [b]) => a - b);
  const providers = numbered.flatMap(([number, slot]) => {
    const reader = new SlotReader(slot, `LLM_PROVIDER_${number}`, problems);
    return reader.provider() ?? [];
  });
  problems.push(...doubles(numbered));
  return { providers: Object.freeze(providers), problems };
}

function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  slots: Map<number, Slot>,
  problems: string[],
): void {
  for (const [name, text] of Object.entries(env)) {
    const [, digits, suffix] = /^LLM_PROVIDER_([^_]+)_(.+)$/.exec(name) ?? [];
    if (digits === undefined || suffix === undefined || !text?.trim()) continue;
    const field = FIELDS.find((known) => known === suffix);
    if (!/^([1-9]|10)$/.test(digits)) {
      problems.push(`${name}: providers have numbers from 1 to ${MOST_PROVIDERS}`);
    } else if (field === undefined) {
      problems.push(`${name}: unknown variable${nearest(name, namesOf(digits))}`);
    } else put(slots, Number(digits), field, { name, text: text.trim() });
  }
}

function namesOf(digits: string): Set<string> {
  return new Set(FIELDS.map((field) => `LLM_PROVIDER_${digits}_${field}`));
}

function readToml(toml: unknown, slots: Map<number, Slot>, problems: string[]): void {
  if (toml === undefined) return;
  if (!Array.isArray(toml)) return void problems.push("llm.providers: expected a list of tables");
  if (toml.length > MOST_PROVIDERS) {
    problems.push(`llm.providers: at most ${MOST_PROVIDERS} providers`);
  }
  for (const [index, table] of toml.slice(0, MOST_PROVIDERS).entries()) {
    const at = `llm.providers[${index}]`;
    if (typeof table !== "object" || table === null || Array.isArray(table)) {
      problems.push(`${at}: expected a table`);
    } else readTable(table, { at, number: index + 1, slots, problems });
  }
}

function readTable(
  table: object,
  to: { at: string; number: number; slots: Map<number, Slot>; problems: string[] },
): void {
  for (const [key, value] of Object.entries(table) as [string, unknown][]) {
    const name = `${to.at}.${key}`;
    const upper = key.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
    const field = FIELDS.find((known) => known === upper);
    if (field === undefined) to.problems.push(`${name}: unknown key`);
    else if (typeof value !== "string" && typeof value !== "number") {
      to.problems.push(`${name}: expected text`);
    } else if (String(value).trim() !== "") {
      put(to.slots, to.number, field, { name, text: String(value).trim() });
    }
  }
}

function put(slots: Map<number, Slot>, number: number, field: Field, said: Said): void {
  const slot = slots.get(number) ?? new Map<Field, Said>();
  slots.set(number, slot.set(field, said));
}

function doubles(numbered: readonly (readonly [number, Slot])[]): string[] {
  const first = new Map<string, string>();
  return numbered.flatMap(([, slot]) => {
    const id = slot.get("ID");
    if (id === undefined) return [];
    const before = first.get(id.text);
    if (before === undefined) first.set(id.text, id.name);
    return before === undefined ? [] : [`${id.name}: the same id as ${before}`];
  });
}

/** Reads one provider's fields, and says what is wrong with them. */
class SlotReader {
  readonly #slot: Slot;
  readonly #prefix: string;
  readonly #problems: string[];
  #isSound = true;

  constructor(slot: Slot, prefix: string, problems: string[]) {
    this.#slot = slot;
    this.#prefix = prefix;
    this.#problems = problems;
  }

  /** Undefined where something is wrong with it. */
  provider(): ProviderConfig | undefined {
    const id = this.#need("ID", (text) => ID.test(text) || "letters, digits, dots, - and _ (64)");
    const name = this.#need("NAME", () => true);
    const type = this.#type();
    const common = { id, name, model: this.#slot.get("MODEL")?.text ?? "", prices: this.#prices() };
    const rest = type === undefined ? undefined : this.#typed(type);
    if (!this.#isSound || rest === undefined) return undefined;
    return Object.freeze({ ...common, ...rest });
  }

  #typed(type: ProviderType) {
    if (type !== "function") this.#refuse("MODE", "only functions have a mode");
    if (type === "demo") {
      for (const field of ["ENDPOINT", "API_KEY", "API_KEY_FILE"] as const) {
        this.#refuse(field, "the demo model has none");
      }
      return { type };
    }
    const endpoint = this.#endpoint();
    if (type === "function") {
      const mode = this.#mode();
      const apiKey = this.#key(false);
      return endpoint && { type, endpoint, apiKey, mode };
    }
    const apiKey = this.#key(true);
    return endpoint && apiKey && { type, endpoint, apiKey };
  }

  #type(): ProviderType | undefined {
    const type = PROVIDER_TYPES.find((known) => known === this.#slot.get("TYPE")?.text);
    this.#need("TYPE", () => type !== undefined || PROVIDER_TYPES.join(", "));
    return type;
  }

  #endpoint(): URL | undefined {
    const said = this.#slot.get("ENDPOINT");
    if (said === undefined) return this.#missing("ENDPOINT");
    const read = readEndpoint(said.text);
    return read instanceof URL ? read : this.#problem(said.name, read.problem);
  }

  #mode(): "binary" | "structured" {
    const said = this.#slot.get("MODE");
    if (said === undefined || said.text === "binary") return "binary";
    if (said.text !== "structured") this.#problem(said.name, "expected binary or structured");
    return "structured";
  }

  /** Texts about it are fixed: a key must not come back out of a problem. */
  #key(isNeeded: boolean): Secret | undefined {
    const text = this.#slot.get("API_KEY");
    const file = this.#slot.get("API_KEY_FILE");
    if (text !== undefined && file !== undefined) {
      return this.#problem(text.name, `excludes ${file.name}: say one of them`);
    }
    if (file !== undefined) return Secret.file(file.name, file.text);
    if (text === undefined) return isNeeded ? this.#missing("API_KEY") : undefined;
    if (PLACEHOLDER.test(text.text)) return this.#problem(text.name, "is still a placeholder");
    if (!/^[\u0021-\u007e]+$/.test(text.text)) {
      return this.#problem(text.name, "has blanks or characters that no header takes");
    }
    return Secret.text(text.name, text.text);
  }

  #prices(): Prices | undefined {
    const input = this.#price("INPUT_PRICE");
    const output = this.#price("OUTPUT_PRICE");
    if (input !== undefined && output !== undefined) return Object.freeze({ input, output });
    if (input !== undefined && !this.#slot.has("OUTPUT_PRICE")) this.#missing("OUTPUT_PRICE");
    if (output !== undefined && !this.#slot.has("INPUT_PRICE")) this.#missing("INPUT_PRICE");
    return undefined;
  }

  #price(field: Field): number | undefined {
    const said = this.#slot.get(field);
    if (said === undefined) return undefined;
    if (/^\d{1,9}(\.\d{1,9})?$/.test(said.text)) return Number(said.text);
    return this.#problem(said.name, "expected a price per million tokens like 2.50");
  }

  #need(field: Field, test: (text: string) => true | string): string {
    const said = this.#slot.get(field);
    if (said === undefined) this.#missing(field);
    else {
      const verdict = test(said.text);
      if (verdict !== true) this.#problem(said.name, `expected ${verdict}`);
    }
    return said?.text ?? "";
  }

  #refuse(field: Field, why: string): void {
    const said = this.#slot.get(field);
    if (said !== undefined) this.#problem(said.name, why);
  }

  #missing(field: Field): undefined {
    return this.#problem(`${this.#prefix}_${field}`, "missing");
  }

  #problem(name: string, text: string): undefined {
    this.#isSound = false;
    this.#problems.push(`${name}: ${text}`);
    return undefined;
  }
}
