package action

// Tries to reach the host's own doors, the network and the metadata service; answers with what it reached.

import (
	"encoding/json"
	"fmt"
	"net"
	"time"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	var targets [][]any
	if err := json.Unmarshal(e.RawBody, &targets); err != nil {
		return err
	}
	targets = append(targets, []any{"1.1.1.1", 80.0}, []any{"169.254.169.254", 80.0}, []any{"::1", 80.0})
	got := []string{}
	for _, target := range targets {
		address := net.JoinHostPort(target[0].(string), fmt.Sprint(target[1]))
		if connection, err := net.DialTimeout("tcp", address, 200*time.Millisecond); err == nil {
			connection.Close()
			got = append(got, address)
		}
	}
	e.Result.Set(got, 200, "json")
	return nil
}
