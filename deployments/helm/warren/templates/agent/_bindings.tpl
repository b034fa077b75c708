{{/* What an agent may do, and that it is the agent. */}}
{{- define "warren.routeRules" -}}
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [update, patch]
{{- if .Values.agent.kube.gatewayApi }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways, httproutes, grpcroutes, tlsroutes, tcproutes, udproutes, referencegrants, backendtlspolicies]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways/status, httproutes/status, grpcroutes/status, tlsroutes/status, tcproutes/status, udproutes/status]
  verbs: [update, patch]
{{- end }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- define "warren.secretRules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end -}}

{{- define "warren.controllerRules" -}}
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch]
{{- end -}}

{{- define "warren.apiRules" -}}
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  resourceNames: [kubernetes]
  verbs: [get, list, watch]
{{- end -}}

{{/* Rules in each namespace of `in`, or in all where there are none, and that they are the agent's. */}}
{{- define "warren.role" -}}
{{- $one := . -}}
{{- range $i, $namespace := .in -}}
{{- if $i }}
---
{{ end -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $one.name | quote }}
  namespace: {{ $namespace | quote }}
  labels:
    {{- include "warren.labels" (dict "root" $one.root "part" "agent") | nindent 4 }}
rules:
  {{- $one.rules | nindent 2 }}
---
{{ include "warren.binding" (dict "root" $one.root "namespace" $namespace "name" $one.name "role" $one.name) }}
{{- else -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .name | quote }}
  labels:
    {{- include "warren.labels" (dict "root" .root "part" "agent") | nindent 4 }}
rules:
  {{- .rules | nindent 2 }}
---
{{ include "warren.clusterBinding" (dict "root" .root "name" .name "role" .name) }}
{{- end -}}
{{- end -}}

{{- define "warren.agentSubject" -}}
- kind: ServiceAccount
  name: {{ include "warren.account" (dict "root" .root "part" "agent") | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
{{- end -}}

{{- define "warren.clusterBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .name | quote }}
  labels:
    {{- include "warren.labels" (dict "root" .root "part" "agent") | nindent 4 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ .role | quote }} }
subjects:
  {{- include "warren.agentSubject" . | nindent 2 }}
{{- end -}}

{{- define "warren.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name | quote }}
  namespace: {{ .namespace | quote }}
  labels:
    {{- include "warren.labels" (dict "root" .root "part" "agent") | nindent 4 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .role | quote }} }
subjects:
  {{- include "warren.agentSubject" . | nindent 2 }}
{{- end -}}
