package io.codeactions.client;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.UUID;

/** Request ids, which make it safe to ask again for what must happen once. */
final class RequestIds {
  private RequestIds() {}

  /** Whether a message has one. */
  static boolean has(Message request) {
    FieldDescriptor field = fieldOf(request);
    return field != null && !request.getField(field).equals("");
  }

  /** The message with a request id of our own, if it can have one and has none. */
  @SuppressWarnings("unchecked") // A message's builder builds its own kind.
  static <Q extends Message> Q ensured(Q request) {
    FieldDescriptor field = fieldOf(request);
    if (field == null || has(request)) return request;
    return (Q) request.toBuilder().setField(field, UUID.randomUUID().toString()).build();
  }

  private static FieldDescriptor fieldOf(Message request) {
    return request.getDescriptorForType().findFieldByName("request_id");
  }
}
