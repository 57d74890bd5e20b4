import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import type { Interceptor } from "@connectrpc/connect";

/**
 * Encodes a message that is streamed to many callers once. The library for the protocols encodes what it is given for
 * each of them; so it is given a message whose one field is there as the bytes that it would become. For messages
 * with a single field, the first, which is a message, as those of our streams are; JSON is left alone.
 */
export function encodeOnceInterceptor(): Interceptor {
  const encoded = new WeakMap<Message, Message>();
  const encode = (schema: DescMessage, message: Message): Message => {
    const known = encoded.get(message);
    if (known !== undefined) return known;
    const made = create(schema);
    made.$unknown = [
      { no: 1, wireType: WireType.LengthDelimited, data: toBinary(schema, message).subarray(TAG_BYTES) },
    ];
    encoded.set(message, made);
    return made;
  };
  return (next) => async (request) => {
    const response = await next(request);
    const { output } = request.method;
    const isJson = request.header.get("content-type")?.includes("json") ?? false;
    if (!response.stream || isJson || !hasOneMessage(output)) return response;
    return { ...response, message: mapped(response.message, (message) => encode(output, message)) };
  };
}

/** Of the field 1, in front of its length. */
const TAG_BYTES = 1;

function hasOneMessage({ fields }: DescMessage): boolean {
  const [field] = fields;
  return fields.length === 1 && field?.number === 1 && field.fieldKind === "message";
}

async function* mapped<From, To>(
  messages: AsyncIterable<From>,
  to: (message: From) => To,
): AsyncIterable<To> {
  for await (const message of messages) yield to(message);
}
