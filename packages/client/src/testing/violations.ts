import axe from "axe-core";
import type { Page } from "playwright-core";

/** The rules of WCAG 2.2 A and AA, and what is good practice. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Found {
  id: string;
  nodes: { target: unknown; failureSummary?: string }[];
}

/**
 * What axe has against the page as it is, shadow roots included: `rule: where: why`. Empty: nothing. `within`: a
 * selector; the whole page unless set.
 */
export async function violations(page: Page, within?: string): Promise<string[]> {
  // By evaluation: a script tag would be against the policy of the pages that are looked at.
  await page.evaluate(axe.source);
  // A colour on its way to another is neither.
  await page.evaluate(TRANSITIONS_OVER);
  const found = await page.evaluate(
    async ({ tags, within }) => {
      const { axe } = globalThis as unknown as { axe: AxeInPage };
      const { violations } = await axe.run(within ?? "html", {
        runOnly: { type: "tag", values: tags },
      });
      return violations;
    },
    { tags: TAGS, within },
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${JSON.stringify(target)}: ${failureSummary}`,
    ),
  );
}

/**
 * What changed is drawn, and no transition runs, in shadow roots neither. One that ends may begin another: a colour is inherited, and
 * each that inherits it follows by a transition of its own.
 */
const TRANSITIONS_OVER = `(async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const roots = (root) => [root, ...Array.from(root.querySelectorAll("*"), (one) => one.shadowRoot ?? [])
    .flat().flatMap(roots)];
  const isMoving = () => roots(document).some((root) => root.getAnimations()
    .some((one) => one instanceof CSSTransition && one.playState === "running"));
  for (let still = 0; still < 3; ) {
    await frame();
    still = isMoving() ? 0 : still + 1;
  }
})()`;

interface AxeInPage {
  run(context: unknown, options: object): Promise<{ violations: Found[] }>;
}
