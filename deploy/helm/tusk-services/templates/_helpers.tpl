{{- define "tusk.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: tusk
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "tusk.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "tusk.config" -}}
{{- $server := dict "listen" (printf "0.0.0.0:%v" .of.port) "shutdown_delay" "5s" "shutdown_timeout" "20s" -}}
{{- $database := dict "host" .of.database.host "port" .of.database.port "database" .of.database.name "user" .of.database.user "ssl_mode" .of.database.sslMode "max_conns" .of.database.maxConnections -}}
{{- $made := dict "server" $server "database" $database "log" (dict "format" "json") -}}
{{- toYaml (mergeOverwrite $made (.of.config | default dict)) -}}
{{- end }}
