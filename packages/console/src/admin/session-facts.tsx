import type { Summary } from "../service/summary.ts";
import { compact, inFull, lengthOf, shortLengthOf } from "../service/times.ts";
import "./session-facts.css";

/** Who this is, and how it went so far, in a line. */
export function SessionFacts({ summary }: { summary: Summary | undefined }) {
  if (summary === undefined) return <div class="facts" aria-busy="true" />;
  return (
    <div class="facts" tabIndex={0} role="group" aria-label="Facts">
      <dl>
        {factsOf(summary).map(([name, fact]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="cut figures" title={fact}>
              {fact}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function factsOf(summary: Summary): (readonly [name: string, fact: string])[] {
  const { avg_response_time: answers, end_time: ended } = summary;
  return [
    ["User", summary.user_id],
    ["Started", inFull(summary.start_time)],
    [ended === undefined ? "Open for" : "Took", lengthOf(summary.duration)],
    ["Messages", summary.message_count.toLocaleString()],
    ["Tokens", compact(summary.total_tokens)],
    ...(answers > 0 ? [["Answers in", shortLengthOf(answers)] as const] : []),
  ];
}
