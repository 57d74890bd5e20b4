// Command story plays the cases of clients/story against a running service and prints the outcome of each as a line of
// JSON; see the README there. story.sh copies it into an empty folder and builds it against the packed module.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// settings are what the file that STORY names holds.
type settings struct {
	Address   string `json:"address"`
	Cut       string `json:"cut"`
	Flaky     string `json:"flaky"`
	Token     string `json:"token"`
	ProjectID string `json:"projectId"`
	Story     table  `json:"story"`
}

type table struct {
	Create  struct{ Name, Slug, Source string }
	Invalid struct{ Source, Reason, Field string }
	Run     struct {
		Query     []pair
		Header    pair
		Body, Log string
		Status    int32
	}
	Unicode struct{ Text string }
	Stream  struct {
		Source string
		Lines  int
	}
	Tail struct {
		Source string
		Lines  int
	}
	Pages    struct{ Codes int }
	Deadline struct {
		Source       string
		Milliseconds int
	}
	Unauthenticated struct{ Token, Reason string }
	Large           struct {
		Bytes, Refused int
		Reason         string
	}
	Durable struct {
		Source, Error string
		Lines         int
	}
	Schedule struct{ Name, Cron, TimeZone, Wrong, Position, Reason string }
}

type pair struct{ Name, Value string }

type outcome struct {
	Case  string `json:"case"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

func main() {
	text, err := os.ReadFile(os.Getenv("STORY"))
	if err != nil {
		fatal(err)
	}
	var told settings
	if err := json.Unmarshal(text, &told); err != nil {
		fatal(err)
	}
	allOK := true
	stage := newStage(told)
	defer stage.close()
	lines := json.NewEncoder(os.Stdout)
	for _, part := range cases {
		seen := outcome{Case: part.name, OK: true}
		if err := part.act(stage, told.Story); err != nil {
			allOK, seen.OK, seen.Error = false, false, err.Error()
		}
		if err := lines.Encode(seen); err != nil {
			fatal(err)
		}
	}
	if !allOK {
		os.Exit(1)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "story:", err)
	os.Exit(1)
}
