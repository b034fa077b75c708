{{/* Names and labels. A component is gateway, agent or chat; "part" is dict "root" $ "part" "gateway". */}}

{{/* A Service's name has no dot, begins with a letter before 1.34, and with "-gateway-admin" has 63 characters at most. */}}
{{- define "warren.fullname" -}}
{{- $name := .Values.fullnameOverride | default .Release.Name -}}
{{- if not (or .Values.fullnameOverride (contains "warren" $name)) -}}
{{- $name = printf "%s-warren" $name -}}
{{- end -}}
{{- $name = replace "." "-" $name -}}
{{- if regexMatch "^[0-9]" $name -}}
{{- $name = printf "w%s" $name -}}
{{- end -}}
{{- $name | trunc 49 | trimSuffix "-" -}}
{{- end -}}

{{- define "warren.name" -}}
{{- if eq .part "chat" -}}
{{- .root.Values.chat.name -}}
{{- else -}}
{{- printf "%s-%s" (include "warren.fullname" .root) .part -}}
{{- end -}}
{{- end -}}

{{/* By which a component's pods are found; never changed, as a Deployment keeps its selector. */}}
{{- define "warren.selector" -}}
app.kubernetes.io/name: warren
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .part }}
{{- if eq .part "chat" }}
app: chatbox
{{- end }}
{{- end -}}

{{- define "warren.labels" -}}
{{ include "warren.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | quote }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "warren.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}
