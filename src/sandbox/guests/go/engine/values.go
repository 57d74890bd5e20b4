package engine

import (
	"sort"
	"strings"
)

// Pair is a name and a value.
type Pair struct {
	Name  string
	Value string
}

// Params are query parameters, in the order in which they were sent.
type Params struct {
	pairs []Pair
}

// Get returns the first value of a parameter, "" when there is none.
func (p Params) Get(name string) string {
	for _, pair := range p.pairs {
		if pair.Name == name {
			return pair.Value
		}
	}
	return ""
}

// Has tells an empty parameter from a missing one.
func (p Params) Has(name string) bool {
	for _, pair := range p.pairs {
		if pair.Name == name {
			return true
		}
	}
	return false
}

// All returns every value of a parameter.
func (p Params) All(name string) []string {
	var values []string
	for _, pair := range p.pairs {
		if pair.Name == name {
			values = append(values, pair.Value)
		}
	}
	return values
}

// Items returns all parameters; one that was sent twice is there twice.
func (p Params) Items() []Pair {
	return append([]Pair(nil), p.pairs...)
}

// Header is a list of headers. Names are found in any letter case.
type Header struct {
	pairs []Pair
}

// Get returns the first value of a header, "" when there is none.
func (h *Header) Get(name string) string {
	for _, pair := range h.pairs {
		if strings.EqualFold(pair.Name, name) {
			return pair.Value
		}
	}
	return ""
}

// All returns every value of a header.
func (h *Header) All(name string) []string {
	var values []string
	for _, pair := range h.pairs {
		if strings.EqualFold(pair.Name, name) {
			values = append(values, pair.Value)
		}
	}
	return values
}

// Items returns all headers; one that was sent twice is there twice.
func (h *Header) Items() []Pair {
	return append([]Pair(nil), h.pairs...)
}

// Set replaces every value of a header.
func (h *Header) Set(name, value string) {
	h.Del(name)
	h.Add(name, value)
}

// Add appends a value to a header.
func (h *Header) Add(name, value string) {
	h.pairs = append(h.pairs, Pair{name, value})
}

// Del removes a header.
func (h *Header) Del(name string) {
	kept := make([]Pair, 0, len(h.pairs))
	for _, pair := range h.pairs {
		if !strings.EqualFold(pair.Name, name) {
			kept = append(kept, pair)
		}
	}
	h.pairs = kept
}

// Secrets are the project's secrets.
type Secrets struct {
	values map[string]string
}

// Get returns a secret, "" when there is none.
func (s Secrets) Get(name string) string {
	return s.values[name]
}

// GetOr returns a secret, or the fallback when there is none.
func (s Secrets) GetOr(name, fallback string) string {
	if value, found := s.values[name]; found {
		return value
	}
	return fallback
}

// Has says whether there is such a secret.
func (s Secrets) Has(name string) bool {
	_, found := s.values[name]
	return found
}

// Keys returns the secrets' names, sorted.
func (s Secrets) Keys() []string {
	names := make([]string, 0, len(s.values))
	for name := range s.values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
