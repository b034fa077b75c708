/** What an expression of PromQL names: enough to hold dashboards and rules to the metrics that there are. */

export interface Selected {
  readonly metric: string;
  /** Labels that its matchers name. */
  readonly matched: readonly string[];
  /** Looked at over a time, as only counters may be: `rate`, `increase`. */
  readonly isRate: boolean;
}

const FUNCTIONS = new Set(
  "sum min max avg count rate increase histogram_quantile absent time by on ignoring group_left and or".split(
    " ",
  ),
);

/** The selectors of an expression. Throws where brackets or quotes do not match, or at a function that is not known here. */
export function selectorsOf(expr: string): Selected[] {
  balance(expr);
  const bare = expr.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const groupings = bare.replaceAll(/\b(?:by|on|ignoring)\s*\([^)]*\)/g, "");
  const found: Selected[] = [];
  const words = /([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?\s*(\[[^\]]*\])?\s*(\()?/g;
  for (const [, word = "", matchers = "", range, call] of groupings.matchAll(words)) {
    if (call !== undefined && !FUNCTIONS.has(word))
      throw new Error(`unknown function ${word}: ${expr}`);
    if (FUNCTIONS.has(word)) continue;
    found.push({
      metric: word,
      matched: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
      isRate: range !== undefined,
    });
  }
  return found;
}

/** Labels that it groups by. */
export function groupingsOf(expr: string): string[] {
  const groups = [...expr.matchAll(/\b(?:by|on|ignoring)\s*\(([^)]*)\)/g)];
  return groups
    .flatMap(([, labels = ""]) => labels.split(",").map((label) => label.trim()))
    .filter((label) => label !== "");
}

function balance(expr: string): void {
  const open: string[] = [];
  const pairs: Record<string, string> = { ")": "(", "]": "[", "}": "{" };
  for (const at of expr.replaceAll(/"(?:[^"\\]|\\.)*"/g, "")) {
    if ("([{".includes(at)) open.push(at);
    if (at in pairs && open.pop() !== pairs[at]) throw new Error(`brackets do not match: ${expr}`);
  }
  if (open.length > 0 || expr.includes('"') !== /"[^"]*"/.test(expr))
    throw new Error(`brackets do not match: ${expr}`);
}
