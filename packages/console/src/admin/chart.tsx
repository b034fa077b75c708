import "./chart.css";

export interface ChartPoint {
  readonly value: number;
  /** When it is, and what it is, for who points at it. */
  readonly label: string;
  /** There was nothing to have a value of: a line goes past it. */
  readonly isGap?: boolean;
}

export interface ChartProps {
  /** What it shows, for who does not see it. */
  label: string;
  kind: "bars" | "line";
  points: readonly ChartPoint[];
}

const WIDTH = 600;
const HEIGHT = 120;
/** Room above the highest, so that its line is not cut. */
const HEAD = 6;

/** Values over time, as large as what is around it. */
export function Chart({ label, kind, points }: ChartProps) {
  const most = Math.max(...points.map(({ value }) => value), 0);
  const y = (value: number) => HEIGHT - (most === 0 ? 0 : (value / most) * (HEIGHT - HEAD));
  const step = WIDTH / points.length;
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {[0.25, 0.5, 0.75].map((at) => (
        <line key={at} class="chart-rule" x1={0} x2={WIDTH} y1={HEIGHT * at} y2={HEIGHT * at} />
      ))}
      {kind === "line" && (
        <Line
          values={points.flatMap(({ value, isGap }, at) =>
            isGap === true ? [] : [[(at + 0.5) * step, y(value)]],
          )}
        />
      )}
      {points.map((point, at) => (
        <g key={at} class="chart-point">
          <title>{point.label}</title>
          <rect class="chart-catch" x={at * step} y={0} width={step} height={HEIGHT} />
          {kind === "bars" && point.value > 0 && (
            <rect
              class="chart-bar"
              x={at * step + step * 0.16}
              y={Math.min(y(point.value), HEIGHT - 2)}
              width={step * 0.68}
              height={Math.max(2, HEIGHT - y(point.value))}
              rx={Math.min(3, step * 0.2)}
            />
          )}
        </g>
      ))}
    </svg>
  );
}

function Line({ values }: { values: readonly (readonly [x: number, y: number])[] }) {
  const path = values.map(([x, y], at) => `${at === 0 ? "M" : "L"}${x} ${y}`).join(" ");
  const [first] = values;
  const last = values.at(-1);
  if (first === undefined || last === undefined) return null;
  return (
    <>
      <path class="chart-area" d={`${path} L${last[0]} ${HEIGHT} L${first[0]} ${HEIGHT} Z`} />
      <path class="chart-line" d={path} vector-effect="non-scaling-stroke" />
      {values.length === 1 && (
        <path class="chart-line dot" d={`${path} h0`} vector-effect="non-scaling-stroke" />
      )}
    </>
  );
}
