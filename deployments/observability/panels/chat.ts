import { course, extreme, rate, rateOf, sum, times, until, type Dashboard } from "../grafana.ts";
import { processRow } from "./process.ts";

export const chat: Dashboard = {
  uid: "warren-chat",
  title: "Warren chat",
  description: "Sockets, sessions, answers, what it depends on, files.",
  variables: [{ name: "namespace", metric: "chatbox_websocket_connections_total" }],
  rows: [
    {
      title: "Sockets and sessions",
      panels: [
        sum("Sockets open", "chatbox_websocket_connections_total", ["instance"]),
        sum("Sessions followed", "chatbox_active_sessions_total", ["instance"]),
        times("How long sockets were open", "chatbox_websocket_connection_duration_seconds"),
        course("Sessions", "cps", [
          {
            expr: "sum (rate(chatbox_sessions_created_total{$scope}[$__rate_interval]))",
            legend: "begun",
          },
          {
            expr: "sum (rate(chatbox_sessions_ended_total{$scope}[$__rate_interval]))",
            legend: "ended",
          },
          {
            expr: "sum (rate(chatbox_admin_takeovers_total{$scope}[$__rate_interval]))",
            legend: "taken by an admin",
          },
        ]),
        rate("Resumed", "chatbox_resumes_total", ["mode"]),
        course("Clients that did not read", "cps", [
          {
            expr: "sum (rate(chatbox_slow_consumers_total{$scope}[$__rate_interval]))",
            legend: "sockets closed",
          },
          {
            expr: "sum (rate(chatbox_admin_messages_dropped_total{$scope}[$__rate_interval]))",
            legend: "frames for admins not sent",
          },
        ]),
      ],
    },
    {
      title: "Messages and requests",
      panels: [
        course("Frames", "cps", [
          {
            expr: "sum (rate(chatbox_messages_received_total{$scope}[$__rate_interval]))",
            legend: "received",
          },
          {
            expr: "sum (rate(chatbox_messages_sent_total{$scope}[$__rate_interval]))",
            legend: "sent",
          },
          {
            expr: "sum (rate(chatbox_message_errors_total{$scope}[$__rate_interval]))",
            legend: "refused",
          },
        ]),
        times("From an entry to those who follow", "message_delivery_latency_seconds"),
        times("HTTP requests by route", "chatbox_http_request_duration_seconds", ["endpoint"]),
        rate("Refused by a limit", "chatbox_ratelimit_blocked_total", ["limiter"]),
        rate("Alerts to admins", "chat_alert_messages_total", ["channel", "outcome"]),
        until("Certificate expires in", "chatbox_certificate_expires_timestamp_seconds"),
      ],
    },
    {
      title: "Answers",
      panels: [
        sum("Being written", "chatbox_runs", ["instance"]),
        times("To the first text", "chatbox_run_first_token_seconds"),
        times("To the end", "chatbox_run_duration_seconds", ["status"]),
        rate("Tries by provider", "chatbox_llm_requests_total", ["provider"]),
        rate("Tries that failed, by provider", "chatbox_llm_errors_total", ["provider"]),
        times("Provider to its first text", "chatbox_llm_latency_seconds", ["provider"]),
        course("Provider: streams and queue", "short", [
          {
            expr: "sum by (provider) (chatbox_llm_streams{$scope})",
            legend: "streams {{provider}}",
          },
          {
            expr: "sum by (provider) (chatbox_llm_queue_depth{$scope})",
            legend: "waiting {{provider}}",
          },
        ]),
        extreme("max", {
          title: "Provider's breaker (1: open)",
          metric: "chatbox_llm_breaker_state",
          unit: "short",
          by: ["provider"],
        }),
        rate("Tokens by provider", "chatbox_tokens_used_total", ["provider"]),
      ],
    },
    {
      title: "What it depends on",
      panels: [
        extreme("max", {
          title: "Breakers (1: open)",
          metric: "dependency_breaker_state",
          unit: "short",
          by: ["dependency"],
        }),
        rate("Breakers' changes", "dependency_breaker_transitions_total", ["dependency", "state"]),
        rate("Answered by an open breaker", "dependency_rejected_total", ["dependency"]),
        rate("Attempts", "dependency_attempts_total", ["dependency", "outcome"]),
        times("Time of attempts", "dependency_attempt_seconds", ["dependency"]),
        rate("Retries", "dependency_retries_total", ["dependency"]),
        times("MongoDB, operations on sessions", "chatbox_mongodb_operation_seconds", [
          "operation",
        ]),
      ],
    },
    {
      title: "Instances together",
      panels: [
        course("Hints", "cps", [
          {
            expr: "sum (rate(chatbox_hints_sent_total{$scope}[$__rate_interval]))",
            legend: "told",
          },
          {
            expr: "sum (rate(chatbox_hints_heard_total{$scope}[$__rate_interval]))",
            legend: "heard",
          },
          {
            expr: "sum (rate(chatbox_hints_lost_total{$scope}[$__rate_interval]))",
            legend: "lost",
          },
          {
            expr: "sum (rate(chatbox_hints_repaired_total{$scope}[$__rate_interval]))",
            legend: "found without",
          },
        ]),
        sum("Hints that wait", "chatbox_hint_queue_depth", ["instance"]),
        course("Taken over from the dead", "cps", [
          {
            expr: "sum (rate(chatbox_instances_lost_total{$scope}[$__rate_interval]))",
            legend: "instances",
          },
          {
            expr: "sum (rate(chatbox_lease_takeovers_total{$scope}[$__rate_interval]))",
            legend: "answers",
          },
          {
            expr: "sum (rate(chatbox_questions_found_total{$scope}[$__rate_interval]))",
            legend: "questions",
          },
        ]),
        course("Checkpoints of answers", "cps", [
          {
            expr: "sum (rate(chatbox_checkpoints_total{$scope}[$__rate_interval]))",
            legend: "kept",
          },
          {
            expr: "sum (rate(chatbox_checkpoints_failed_total{$scope}[$__rate_interval]))",
            legend: "failed",
          },
        ]),
      ],
    },
    {
      title: "Files, links, people's data",
      panels: [
        rate("Uploads", "chat_uploads_total", ["outcome"]),
        rateOf({ title: "Bytes uploaded", metric: "chat_upload_bytes_total", unit: "Bps", by: [] }),
        sum("Uploads under way", "chat_uploads_under_way"),
        rate("Files removed", "chat_files_removed_total", ["reason"]),
        rate("Share links", "chat_share_links_total", ["event"]),
        rate("Sessions erased", "chat_sessions_erased_total", ["by"]),
        rate("Exports", "chat_exports_total", ["outcome"]),
      ],
    },
    processRow,
  ],
};
