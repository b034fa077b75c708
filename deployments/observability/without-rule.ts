// Metrics that no alert rule looks at, and why not. A test holds it to rules.yaml: every metric is in a rule, or here.

interface WithoutRule {
  why: string;
  /** The rule that says it, where one does. */
  rule?: string;
  metrics: readonly string[];
}

export const withoutRule: readonly WithoutRule[] = [
  {
    why: "how much there is to do in tunnels: at no height a fault",
    metrics: [
      "gateway_active_routes",
      "gateway_connections",
      "gateway_host_certificates",
      "gateway_tcp_bytes_total",
      "gateway_tcp_connections",
      "gateway_tcp_connections_total",
      "gateway_tunnel_bytes_total",
      "gateway_tunnel_streams",
      "gateway_tunnel_streams_opened_total",
      "gateway_tunnels",
      "agent_bytes_total",
      "agent_routes",
      "agent_service_connections",
      "agent_streams",
      "agent_streams_total",
    ],
  },
  {
    why: "how full a tunnel is: its limits hold that, and it only matters once answers are slow",
    rule: "WarrenAnswersSlow",
    metrics: [
      "gateway_tunnel_in_flight_bytes",
      "gateway_tunnel_lent_bytes",
      "gateway_tunnel_queued_bytes",
      "gateway_tunnel_replay_bytes",
      "gateway_tunnel_stalls_total",
      "gateway_tunnel_window_bytes",
      "agent_tunnel_lent_bytes",
      "agent_tunnel_queued_bytes",
      "agent_tunnel_replay_bytes",
    ],
  },
  {
    why: "as long as the way is, which only those know who chose it",
    rule: "WarrenAnswersSlow",
    metrics: ["gateway_tunnel_rtt_seconds", "agent_tunnel_rtt_seconds"],
  },
  {
    why: "the agent's side of what gateways count",
    rule: "WarrenTunnelFlaps",
    metrics: ["agent_tunnel_resumes_total"],
  },
  {
    why: "each refusal once, by its code: the rule looks at those that last",
    rule: "WarrenRoutesRefused",
    metrics: ["agent_routes_rejected_total"],
  },
  {
    why: "mended by the retry; one that is not has failed",
    rule: "WarrenServicesUnreachable",
    metrics: ["agent_service_retries_total"],
  },
  {
    why: "a renewal that is missing is a certificate that expires",
    rule: "WarrenHostCertificateExpires",
    metrics: ["gateway_acme_renewals_total"],
  },
  {
    why: "what the cluster is, and how much of it the agent looks at: at no height a fault",
    metrics: [
      "agent_cluster_private",
      "agent_kube_gateway_api_objects",
      "agent_kube_gateway_api_routes",
      "agent_kube_ingress_changes_total",
      "agent_kube_ingress_routes",
      "agent_kube_ingress_shut_places",
      "kube_listed_objects",
    ],
  },
  {
    why: "lists follow watches that failed",
    rule: "WarrenWatchesFail",
    metrics: ["kube_lists_total"],
  },
  {
    why: "those that wait too long are dropped",
    rule: "WarrenEventsUnwritten",
    metrics: ["kube_events_waiting"],
  },
  {
    why: "said once for each start; later changes have a rule",
    rule: "WarrenPublishesLate",
    metrics: ["agent_kube_ingress_sync_seconds"],
  },
  {
    why: "each trouble once, by its reason: the rule looks at those that last",
    rule: "WarrenIngressesTroubled",
    metrics: ["agent_kube_ingress_problems_total"],
  },
  {
    why: "whoever wrote the route reads it in the route's status, and traffic of others goes on",
    metrics: ["agent_kube_gateway_api_refused_total"],
  },
  {
    why: "traffic goes on without, and `warren agent doctor` says which right is missing",
    metrics: [
      "agent_kube_gateway_api_status_writes_total",
      "agent_kube_ingress_status_writes_total",
    ],
  },
  {
    why: "how much people do in the chat: at no height a fault",
    metrics: [
      "chat_exports_total",
      "chat_files_removed_total",
      "chat_sessions_erased_total",
      "chat_share_links_total",
      "chat_upload_bytes_total",
      "chat_uploads_under_way",
      "chatbox_active_sessions_total",
      "chatbox_admin_takeovers_total",
      "chatbox_checkpoints_total",
      "chatbox_hints_heard_total",
      "chatbox_hints_sent_total",
      "chatbox_llm_streams",
      "chatbox_messages_received_total",
      "chatbox_messages_sent_total",
      "chatbox_resumes_total",
      "chatbox_runs",
      "chatbox_sessions_created_total",
      "chatbox_sessions_ended_total",
      "chatbox_tokens_used_total",
      "chatbox_websocket_connection_duration_seconds",
    ],
  },
  {
    why: "the same as chatbox_websocket_connections_total, under its older name",
    rule: "ChatFull",
    metrics: ["websocket_connections_total"],
  },
  {
    why: "clients' own mistakes",
    metrics: ["chatbox_message_errors_total"],
  },
  {
    why: "a resume brings them",
    metrics: ["chatbox_admin_messages_dropped_total"],
  },
  {
    why: "uploads and streamed answers take as long as they take; what people wait for has a rule",
    rule: "ChatAnswersSlow",
    metrics: [
      "chatbox_http_request_duration_seconds",
      "chatbox_llm_latency_seconds",
      "chatbox_run_duration_seconds",
    ],
  },
  {
    why: "what leads to an open breaker, and what follows from it",
    rule: "ChatDependencyAway",
    metrics: [
      "dependency_attempt_seconds",
      "dependency_attempts_total",
      "dependency_breaker_transitions_total",
      "dependency_rejected_total",
      "dependency_retries_total",
    ],
  },
  {
    why: "those that wait too long are lost, and what was lost is repaired",
    rule: "ChatHintsLost",
    metrics: ["chatbox_hint_queue_depth", "chatbox_hints_repaired_total"],
  },
  {
    why: "what follows from an instance that died",
    rule: "ChatInstancesDie",
    metrics: ["chatbox_lease_takeovers_total", "chatbox_questions_found_total"],
  },
];
