import { useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Problem } from "../parts/empty.tsx";
import { useLoaded } from "../parts/hooks.ts";
import { Segments } from "../parts/segments.tsx";
import { compact, shortLengthOf } from "../service/times.ts";
import { Chart } from "./chart.tsx";
import "./figures-view.css";
import {
  askMetrics,
  WINDOWS,
  type Metrics,
  type Point,
  type Sums,
  type Window,
} from "./metrics.ts";

/** Hourly sums do not change more often than that to the eye, and each look counts against a limit. */
const LOOK_MS = 60_000;

interface Figure {
  title: string;
  kind: "bars" | "line";
  /** The whole stretch in a word. */
  total: (sums: Sums) => string;
  beside: (sums: Sums) => string;
  value: (sums: Sums) => number;
  say: (value: number) => string;
  /** 0 is no value: nothing was measured. */
  hasGaps?: true;
}

const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });

const FIGURES: readonly Figure[] = [
  {
    title: "Conversations",
    kind: "bars",
    total: ({ total_sessions: total }) => total.toLocaleString(),
    beside: ({ active_sessions: open }) => `${open.toLocaleString()} still open`,
    value: ({ total_sessions: total }) => total,
    say: (value) => `${value} began`,
  },
  {
    title: "At once",
    kind: "line",
    total: ({ max_concurrent: most }) => compact(most),
    beside: ({ avg_concurrent: mean }) => `${compact(mean)} on average`,
    value: ({ avg_concurrent: mean }) => mean,
    say: (value) => `${compact(value)} at once`,
  },
  {
    title: "First to last word of an answer",
    kind: "line",
    total: ({ avg_response_time: mean }) => shortLengthOf(mean),
    beside: ({ max_response_time: most }) => `longest ${shortLengthOf(most)}`,
    value: ({ avg_response_time: mean }) => mean,
    say: shortLengthOf,
    hasGaps: true,
  },
  {
    title: "A person helped",
    kind: "bars",
    total: ({ admin_assisted_count: count }) => count.toLocaleString(),
    beside: ({ admin_assisted_count: count, total_sessions: total }) =>
      `${percent.format(total === 0 ? 0 : count / total)} of all`,
    value: ({ admin_assisted_count: count }) => count,
    say: (value) => `${value} with a person`,
  },
  {
    title: "Tokens",
    kind: "bars",
    total: ({ total_tokens: total }) => compact(total),
    beside: ({ total_cost: cost }) => (cost === 0 ? "no prices set" : `cost ${cost.toFixed(2)}`),
    value: ({ total_tokens: total }) => total,
    say: (value) => `${compact(value)} tokens`,
  },
];

/** How it goes, by the hour or the day. */
export function FiguresView({ inside }: { inside: Inside }) {
  const [window, setWindow] = useState<Window>(WINDOWS[0]);
  const { value, problem, reload } = useLoaded(
    (signal) => askMetrics(inside.service, window, signal),
    { key: window.value, everyMs: LOOK_MS },
  );
  return (
    <div class="desk-page">
      <header class="desk-head">
        <h2>Figures</h2>
        <Segments
          label="How far back"
          options={WINDOWS}
          value={window.value}
          onChoose={(chosen) =>
            setWindow(WINDOWS.find(({ value }) => value === chosen) ?? WINDOWS[0])
          }
        />
      </header>
      {problem !== undefined && <Problem text={problem} onRetry={reload} />}
      <div class="figures-grid">
        {FIGURES.map((figure) => (
          <FigureCard key={figure.title} {...{ figure, window }} metrics={value} />
        ))}
      </div>
      {value && <AsTable metrics={value} window={window} />}
    </div>
  );
}

interface FigureCardProps {
  figure: Figure;
  window: Window;
  metrics: Metrics | undefined;
}

function FigureCard({ figure, window, metrics }: FigureCardProps) {
  const { title, kind, total, beside, value, say } = figure;
  const points = (metrics?.series ?? []).map((point) => ({
    value: value(point),
    isGap: figure.hasGaps === true && value(point) === 0,
    label: `${momentOf(point, window)}: ${say(value(point))}`,
  }));
  return (
    <section class="card figure" aria-label={title} aria-busy={metrics === undefined}>
      <h3>{title}</h3>
      <p class="figure-total figures">{metrics ? total(metrics) : "–"}</p>
      <p class="muted figure-beside">{metrics ? beside(metrics) : "…"}</p>
      {metrics && <Chart {...{ kind, points }} label={`${title}, last ${window.label}`} />}
      {metrics && (
        <p class="figure-axis muted" aria-hidden="true">
          <span>{momentOf(metrics.series[0], window)}</span>
          <span>now</span>
        </p>
      )}
    </section>
  );
}

/** The same in numbers, for who wants them or does not see charts. */
function AsTable({ metrics, window }: { metrics: Metrics; window: Window }) {
  return (
    <details class="card figure-table">
      <summary>As a table</summary>
      <div class="figure-scroll" tabIndex={0} role="group" aria-label="Figures as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {FIGURES.map(({ title }) => (
                <th scope="col" key={title}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {metrics.series.toReversed().map((point) => (
              <tr key={point.start}>
                <th scope="row">{momentOf(point, window)}</th>
                {FIGURES.map(({ title, value, say }) => (
                  <td key={title}>{say(value(point))}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function momentOf(point: Point | undefined, { value }: Window): string {
  if (point === undefined) return "";
  const at = new Date(point.start);
  const hour = { hour: "2-digit", minute: "2-digit" } as const;
  const day = { day: "numeric", month: "short" } as const;
  if (value === "day") return at.toLocaleTimeString(undefined, hour);
  return at.toLocaleString(undefined, value === "week" ? { ...day, ...hour } : day);
}
