{{- define "lockkeeper.labels" -}}
app.kubernetes.io/name: lockkeeper
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "lockkeeper.selector" -}}
app.kubernetes.io/name: lockkeeper
app.kubernetes.io/component: controller
{{- end }}

{{- define "lockkeeper.auditor.selector" -}}
app.kubernetes.io/name: lockkeeper
app.kubernetes.io/component: auditor
{{- end }}
