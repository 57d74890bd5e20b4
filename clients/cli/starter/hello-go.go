package action

import (
	"fmt"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	name := e.Params.Get("name")
	if name == "" {
		name = "world"
	}
	fmt.Println("greeting", name)
	e.Log.Info(fmt.Sprintf("the body has %d bytes", len(e.RawBody)))
	e.Result.Set(map[string]string{"hello": name}, 200, "json")
	return nil
}
