import { course, type Dashboard } from "../grafana.ts";

/** What the cluster says of them: kube-state-metrics and the kubelets. */
export const kube: Dashboard = {
  uid: "warren-kube",
  title: "Warren in a cluster",
  description: "Pods, autoscaler, restarts, resources. Needs kube-state-metrics and cAdvisor.",
  variables: [{ name: "namespace", metric: "kube_pod_info" }],
  rows: [
    {
      title: "Workloads",
      panels: [
        course("Replicas", "short", [
          {
            expr: 'kube_deployment_status_replicas_available{deployment=~"chatbox-websocket.*|messaging-service|.*warren.*", $scope}',
            legend: "available {{deployment}}",
          },
          {
            expr: 'kube_deployment_spec_replicas{deployment=~"chatbox-websocket.*|messaging-service|.*warren.*", $scope}',
            legend: "wanted {{deployment}}",
          },
        ]),
        course("Autoscaler", "short", [
          {
            expr: "kube_horizontalpodautoscaler_status_current_replicas{$scope}",
            legend: "now {{horizontalpodautoscaler}}",
          },
          {
            expr: "kube_horizontalpodautoscaler_status_desired_replicas{$scope}",
            legend: "wanted {{horizontalpodautoscaler}}",
          },
          {
            expr: "kube_horizontalpodautoscaler_spec_max_replicas{$scope}",
            legend: "most {{horizontalpodautoscaler}}",
          },
        ]),
        course("Restarts in 15 minutes", "short", [
          {
            expr: "sum by (pod) (increase(kube_pod_container_status_restarts_total{$scope}[15m])) > 0",
            legend: "{{pod}}",
          },
        ]),
        course("Pods that are not ready", "short", [
          {
            expr: 'sum by (pod) (kube_pod_status_ready{condition="false", $scope}) > 0',
            legend: "{{pod}}",
          },
        ]),
        course("Waiting containers, by why", "short", [
          {
            expr: "sum by (reason) (kube_pod_container_status_waiting_reason{$scope})",
            legend: "{{reason}}",
          },
        ]),
        course("What the autoscaler looks at, per pod", "short", [
          { expr: "avg (chatbox_websocket_connections_total{$scope})", legend: "sockets (100)" },
          { expr: "avg (chatbox_active_sessions_total{$scope})", legend: "sessions (50)" },
        ]),
      ],
    },
    {
      title: "Resources",
      panels: [
        course("CPU of its limit", "percentunit", [
          {
            expr: 'sum by (pod) (rate(container_cpu_usage_seconds_total{container!="", $scope}[$__rate_interval])) / sum by (pod) (kube_pod_container_resource_limits{resource="cpu", $scope})',
            legend: "{{pod}}",
          },
        ]),
        course("Memory of its limit", "percentunit", [
          {
            expr: 'sum by (pod) (container_memory_working_set_bytes{container!="", $scope}) / sum by (pod) (kube_pod_container_resource_limits{resource="memory", $scope})',
            legend: "{{pod}}",
          },
        ]),
        course("CPU throttled", "percentunit", [
          {
            expr: 'sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{container!="", $scope}[$__rate_interval])) / sum by (pod) (rate(container_cpu_cfs_periods_total{container!="", $scope}[$__rate_interval]))',
            legend: "{{pod}}",
          },
        ]),
      ],
    },
  ],
};
