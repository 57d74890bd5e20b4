package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Result is the answer of an invocation.
type Result struct {
	statusCode  int
	contentType string
	body        []byte
	header      Header
}

// Set makes value the answer; the last call wins. A string is sent as text and a []byte as it is; anything else is
// written as JSON. The content type is "text", "json", "html" or any MIME type; "" chooses by the value. A status
// code of 0 means 200. Set panics when the value cannot be written as JSON or the status code is not one.
func (r *Result) Set(value any, statusCode int, contentType string) {
	body, chosenType := encode(value)
	if contentType == "" {
		contentType = chosenType
	}
	if statusCode == 0 {
		statusCode = 200
	}
	if statusCode < 100 || statusCode > 599 {
		panic(fmt.Sprintf("the status code is %d; allowed are 100 to 599", statusCode))
	}
	r.body, r.statusCode, r.contentType = body, statusCode, contentType
}

// Header are the answer's headers.
func (r *Result) Header() *Header {
	return &r.header
}

func encode(value any) (body []byte, contentType string) {
	switch value := value.(type) {
	case string:
		return []byte(value), "text"
	case []byte:
		// Copied, because the code may go on using its slice.
		return append([]byte(nil), value...), "application/octet-stream"
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("the result cannot be written as JSON: %v", err))
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), "json"
}
