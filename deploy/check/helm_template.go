// Renders a chart as `helm template` does, for scripts/check-deploy where helm cannot be had: Go's own templates, the
// functions of sprig, and those of helm's that the charts here use. Needs golang-go, golang-github-masterminds-sprig-dev and
// golang-gopkg-yaml.v3-dev of Debian:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run helm_template.go CHART [KEY=VALUE...]
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type files struct{ home string }

// Get is `.Files.Get`; as helm's it gives an empty text for a file that is not there.
func (f files) Get(name string) string {
	text, _ := os.ReadFile(filepath.Join(f.home, name))
	return string(text)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "helm_template:", err)
		os.Exit(1)
	}
}

func read(path string, into any) {
	text, err := os.ReadFile(path)
	fail(err)
	fail(yaml.Unmarshal(text, into))
}

// set puts a value at a path with dots, as `--set`.
func set(values map[string]any, path string, value string) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		next, ok := values[key].(map[string]any)
		if !ok {
			fail(fmt.Errorf("%s: there is no %s", path, key))
		}
		values = next
	}
	var parsed any
	fail(yaml.Unmarshal([]byte(value), &parsed))
	values[keys[len(keys)-1]] = parsed
}

func functions(all *template.Template) template.FuncMap {
	return template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var out strings.Builder
			err := all.ExecuteTemplate(&out, name, data)
			return out.String(), err
		},
		"toYaml": func(value any) (string, error) {
			text, err := yaml.Marshal(value)
			return strings.TrimSuffix(string(text), "\n"), err
		},
		"required": func(why string, value any) (any, error) {
			if value == nil || value == "" {
				return nil, fmt.Errorf("%s", why)
			}
			return value, nil
		},
	}
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("which chart?"))
	}
	home := os.Args[1]
	values, chart := map[string]any{}, map[string]any{}
	read(filepath.Join(home, "values.yaml"), &values)
	read(filepath.Join(home, "Chart.yaml"), &chart)
	for _, pair := range os.Args[2:] {
		key, value, _ := strings.Cut(pair, "=")
		set(values, key, value)
	}
	for key, value := range chart { // .Chart.AppVersion
		chart[strings.ToUpper(key[:1])+key[1:]] = value
	}
	all := template.New("").Option("missingkey=zero").Funcs(sprig.TxtFuncMap())
	all.Funcs(functions(all))
	names, err := filepath.Glob(filepath.Join(home, "templates", "*"))
	fail(err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		fail(err)
		_, err = all.New(filepath.Base(name)).Parse(string(text))
		fail(err)
	}
	root := map[string]any{
		"Values": values, "Chart": chart, "Files": files{home},
		"Release": map[string]any{"Name": "tusk", "Namespace": "tusk", "Service": "Helm"},
	}
	for _, name := range names {
		if strings.HasPrefix(filepath.Base(name), "_") {
			continue
		}
		var out strings.Builder
		fail(all.ExecuteTemplate(&out, filepath.Base(name), root))
		if strings.HasSuffix(name, ".txt") {
			continue // rendered to see that it can be
		}
		fmt.Printf("---\n# Source: %s\n%s\n", filepath.Base(name), out.String())
	}
}
