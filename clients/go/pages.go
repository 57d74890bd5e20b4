package codeactions

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const itemsPerPage = 100

// Pages reads a list through, page after page:
//
//	codes := client.Codes.AllCodes(ctx, request)
//	for codes.Next() {
//		fmt.Println(codes.Value().GetName())
//	}
//	if err := codes.Err(); err != nil { … }
//
// It needs no closing, and is for one goroutine at a time.
type Pages[Item any] struct {
	read  func(pageToken string) ([]Item, string, error)
	items []Item
	value Item
	token string
	ended bool
	err   error
}

// Next goes to the next item, and reads the next page when there is none left of this one. False at the end, and after
// an error.
func (p *Pages[Item]) Next() bool {
	// A page can be empty and still not be the last.
	for len(p.items) == 0 {
		if p.ended {
			return false
		}
		p.items, p.token, p.err = p.read(p.token)
		p.ended = p.err != nil || p.token == ""
	}
	p.value, p.items = p.items[0], p.items[1:]
	return true
}

// Value is the item that Next went to.
func (p *Pages[Item]) Value() Item { return p.value }

// Err is why Next was false; nil when the list is at its end.
func (p *Pages[Item]) Err() error { return p.err }

// listRequest is what requests for lists have in common.
type listRequest interface {
	proto.Message
	GetPageToken() string
	GetPageSize() int32
}

// pagesOf reads with copies of a request that name one page after the other.
func pagesOf[Request listRequest, Item any](request Request, list func(Request) ([]Item, string, error)) *Pages[Item] {
	next := proto.Clone(request)
	message := next.ProtoReflect()
	if !message.IsValid() {
		message = message.New()
		next = message.Interface()
	}
	fields := message.Descriptor().Fields()
	if request.GetPageSize() == 0 {
		message.Set(fields.ByName("page_size"), protoreflect.ValueOfInt32(itemsPerPage))
	}
	return &Pages[Item]{
		token: request.GetPageToken(),
		read: func(pageToken string) ([]Item, string, error) {
			message.Set(fields.ByName("page_token"), protoreflect.ValueOfString(pageToken))
			return list(next.(Request))
		},
	}
}
