import type { Alert } from "./alert.ts";
import { oneLine } from "./composed.ts";

/** An alert in words. Values are as they came: whatever they hold is text, in HTML too. */
export interface AlertTexts {
  subject: string;
  text: string;
  html: string;
  sms: string;
}

/** `adminPanelUrl` is ADMIN_PANEL_URL; undefined: the texts say to look there, without a link. */
export function alertTexts(alert: Alert, adminPanelUrl: string | undefined): AlertTexts {
  if (alert.event === "help_request") return helpTexts(alert, adminPanelUrl);
  const isCritical = alert.event === "critical_error";
  const what = isCritical ? `Critical error: ${alert.type}` : `System alert: ${alert.subject}`;
  const facts: Fact[] = [
    ["Details", clipped(alert.details)],
    ["Affected users", String(alert.affectedUsers)],
    ["Time", time(alert.atMs)],
  ];
  return {
    subject: oneLine(what),
    text: plain(what, facts),
    html: page({ heading: what, facts, isUrgent: isCritical, link: "" }),
    sms: `${oneLine(what)}. Affected users: ${alert.affectedUsers}. ${time(alert.atMs)}`,
  };
}

function helpTexts(
  { userId, sessionId, atMs }: Alert & { event: "help_request" },
  adminPanelUrl: string | undefined,
): AlertTexts {
  const what = `Help requested by ${userId}`;
  const facts: Fact[] = [
    ["User", userId],
    ["Session", sessionId],
    ["Time", time(atMs)],
  ];
  const url =
    adminPanelUrl && `${adminPanelUrl.replace(/\/+$/, "")}/${encodeURIComponent(sessionId)}`;
  const where = url === undefined ? "Please see the admin panel." : `Answer here: ${url}`;
  const link =
    url === undefined
      ? `<p>${where}</p>`
      : `<p><a href="${escaped(url)}">Answer in the admin panel</a></p>`;
  return {
    subject: oneLine(what),
    text: `${plain(what, facts)}\n${where}\n`,
    html: page({ heading: what, facts, isUrgent: false, link }),
    sms: `Help requested. User: ${oneLine(userId)}. Session: ${oneLine(sessionId)}.`,
  };
}

type Fact = readonly [name: string, value: string];

function plain(heading: string, facts: readonly Fact[]): string {
  return `${oneLine(heading)}\n\n${facts.map(([name, value]) => `${name}: ${value}\n`).join("")}`;
}

interface Page {
  heading: string;
  facts: readonly Fact[];
  isUrgent: boolean;
  /** HTML. */
  link: string;
}

function page({ heading, facts, isUrgent, link }: Page): string {
  const colour = isUrgent ? "#b00020" : "#202124";
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th align="left" valign="top">${name}</th><td>${escaped(value).replaceAll("\n", "<br>")}</td></tr>`,
  );
  return [
    '<!doctype html><html lang="en"><body style="font-family:sans-serif">',
    `<h2 style="color:${colour}">${escaped(oneLine(heading))}</h2>`,
    `<table cellpadding="4">${rows.join("")}</table>${link}</body></html>`,
  ].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML shows it, also within an attribute's quotes. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}

const MOST_DETAILS = 4_000;

function clipped(details: string): string {
  return details.length <= MOST_DETAILS ? details : `${details.slice(0, MOST_DETAILS)}…`;
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
