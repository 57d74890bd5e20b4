package codeactions

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

func TestPages(t *testing.T) {
	// The pages of a list, by their tokens; the page after the last one cannot be read.
	pages := map[string]*v1.ListCodesResponse{
		"":       {Codes: []*v1.Code{{Id: "1"}, {Id: "2"}}, NextPageToken: "second"},
		"second": {NextPageToken: "third"},
		"third":  {Codes: []*v1.Code{{Id: "3"}}},
		"broken": {Codes: []*v1.Code{{Id: "4"}}, NextPageToken: "gone"},
	}
	for _, test := range []struct {
		name    string
		request *v1.ListCodesRequest
		asked   string // "token size" of each page
		found   string
		reason  Reason
	}{
		{"everything, through an empty page", &v1.ListCodesRequest{ProjectId: "p"}, "p  100, p second 100, p third 100", "1 2 3", ""},
		{"no request", nil, "  100,  second 100,  third 100", "1 2 3", ""},
		{"pages of the caller's size, from the caller's place", &v1.ListCodesRequest{PageToken: "third", PageSize: 7}, " third 7", "3", ""},
		{"an error after some", &v1.ListCodesRequest{PageToken: "broken"}, " broken 100,  gone 100", "4", ReasonPageTokenInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked log[string]
			client := clientOf(t, unary(codeactionsv1connect.CodeServiceListCodesProcedure,
				func(_ context.Context, request *connect.Request[v1.ListCodesRequest]) (*v1.ListCodesResponse, error) {
					token := request.Msg.GetPageToken()
					asked.add(fmt.Sprint(request.Msg.GetProjectId(), " ", token, " ", request.Msg.GetPageSize()))
					page, ok := pages[token]
					if !ok {
						return nil, refusal(connect.CodeInvalidArgument, ReasonPageTokenInvalid, 0)
					}
					return page, nil
				}))
			before := proto.Clone(test.request)
			codes := client.Codes.AllCodes(context.Background(), test.request)
			var found []string
			for codes.Next() {
				found = append(found, codes.Value().GetId())
			}
			same(t, "found", strings.Join(found, " "), test.found)
			same(t, "asked", strings.Join(asked.all(), ", "), test.asked)
			same(t, "the caller's request", proto.Equal(test.request, before), true)
			same(t, "more after the end", codes.Next(), false)
			if test.reason == "" && codes.Err() != nil {
				t.Error(codes.Err())
			}
			if test.reason != "" {
				same(t, "reason", failureOf(t, codes.Err()).Reason, test.reason)
			}
		})
	}
}

func TestPagesAreReadWhenTheyAreNeeded(t *testing.T) {
	var asked log[string]
	client := clientOf(t, unary(codeactionsv1connect.CodeServiceListCodesProcedure,
		func(_ context.Context, request *connect.Request[v1.ListCodesRequest]) (*v1.ListCodesResponse, error) {
			asked.add(request.Msg.GetPageToken())
			return &v1.ListCodesResponse{Codes: []*v1.Code{{}, {}}, NextPageToken: "next"}, nil
		}))
	codes := client.Codes.AllCodes(context.Background(), nil)
	same(t, "before the first item", len(asked.all()), 0)
	codes.Next()
	codes.Next()
	same(t, "after the first page's items", len(asked.all()), 1)
}
