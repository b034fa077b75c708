import type { Metrics } from "@warren/host";

/** Reads one series as it is scraped, `name{label="value"}`; 0 where it is not there. */
export function metricOf(metrics: Pick<Metrics, "text">): (series: string) => Promise<number> {
  return async (series) => {
    const line = (await metrics.text()).split("\n").find((one) => one.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1) ?? 0);
  };
}
