import { LIST_FACTS } from "./_session-list-facts.ts";
import { METRIC_FACTS } from "./_session-metric-facts.ts";
import { ROW_FACTS } from "./_session-row-facts.ts";
import type { SessionFact } from "./_session-kit.ts";

/** What every `Sessions` does. There are none when a fact begins. */
export const SESSION_FACTS: readonly SessionFact[] = [...ROW_FACTS, ...LIST_FACTS, ...METRIC_FACTS];
