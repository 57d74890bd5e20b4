// Written by clients/java/tools/ServiceGenerator.java from the contract. Do not edit.
package io.codeactions.client;

import io.codeactions.v1.ActivateCodeVersionRequest;
import io.codeactions.v1.ActivateCodeVersionResponse;
import io.codeactions.v1.CheckCodeRequest;
import io.codeactions.v1.CheckCodeResponse;
import io.codeactions.v1.Code;
import io.codeactions.v1.CodeServiceGrpc;
import io.codeactions.v1.CodeVersion;
import io.codeactions.v1.CreateCodeRequest;
import io.codeactions.v1.CreateCodeResponse;
import io.codeactions.v1.DeleteCodeRequest;
import io.codeactions.v1.DeleteCodeResponse;
import io.codeactions.v1.DeleteSecretRequest;
import io.codeactions.v1.DeleteSecretResponse;
import io.codeactions.v1.GetCodeRequest;
import io.codeactions.v1.GetCodeResponse;
import io.codeactions.v1.GetCodeVersionRequest;
import io.codeactions.v1.GetCodeVersionResponse;
import io.codeactions.v1.ListCodeVersionsRequest;
import io.codeactions.v1.ListCodeVersionsResponse;
import io.codeactions.v1.ListCodesRequest;
import io.codeactions.v1.ListCodesResponse;
import io.codeactions.v1.ListSecretsRequest;
import io.codeactions.v1.ListSecretsResponse;
import io.codeactions.v1.PutSecretRequest;
import io.codeactions.v1.PutSecretResponse;
import io.codeactions.v1.Secret;
import io.codeactions.v1.UndeleteCodeRequest;
import io.codeactions.v1.UndeleteCodeResponse;
import io.codeactions.v1.UpdateCodeRequest;
import io.codeactions.v1.UpdateCodeResponse;
import java.time.Duration;

/**
 * Stores codes and their versions, publishes and rolls back, checks sources, and keeps the secrets that
 * codes read.
 *
 * <p>Calls block until they are answered, have a deadline, are sent again where that does nothing twice, and throw
 * {@link CodeActionsException}. What streams is followed with {@link CodeActions}. Safe for use by many threads.
 */
public final class CodeService {
  private final Calls calls;
  private final Duration timeout;

  CodeService(Calls calls, Duration timeout) {
    this.calls = calls;
    this.timeout = timeout;
  }

  /**
   * The same service with another deadline, which also bounds what is sent again.
   *
   * @param timeout how long each call may take; more than zero
   * @return the service, over the same connection
   */
  public CodeService withTimeout(Duration timeout) {
    return new CodeService(calls, Calls.checked(timeout));
  }

  /**
   * Stores a code and its first version, which becomes the active one. The source is checked first; one
   * that does not parse, or has no {@code Run}, is refused with SOURCE_INVALID and a position.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public CreateCodeResponse createCode(CreateCodeRequest request) {
    return calls.call(CodeServiceGrpc.getCreateCodeMethod(), request, timeout);
  }

  /**
   * Reads one code, also a deleted one within its 30 days (its {@code delete_time} is set then).
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public GetCodeResponse getCode(GetCodeRequest request) {
    return calls.call(CodeServiceGrpc.getGetCodeMethod(), request, timeout);
  }

  /**
   * Reads a project's codes, newest first.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ListCodesResponse listCodes(ListCodesRequest request) {
    return calls.call(CodeServiceGrpc.getListCodesMethod(), request, timeout);
  }

  /**
   * Reads everything that {@link #listCodes} answers, page after page, from the request's page token on.
   *
   * @param request what to list; pages have 100 items unless it says otherwise
   * @return the items, each page read when the one before it is used up
   */
  public Pages<Code> listAllCodes(ListCodesRequest request) {
    return new Pages<>(
        request.getPageToken(),
        token -> {
          int size = Pages.sizeFor(request.getPageSize());
          var page = listCodes(request.toBuilder().setPageSize(size).setPageToken(token).build());
          return new Pages.Page<>(page.getCodesList(), page.getNextPageToken());
        });
  }

  /**
   * Changes the fields that are present. A changed source makes the next version and activates it, unless
   * {@code draft} is set; an unchanged one makes none.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public UpdateCodeResponse updateCode(UpdateCodeRequest request) {
    return calls.call(CodeServiceGrpc.getUpdateCodeMethod(), request, timeout);
  }

  /**
   * Takes a code away at once: it cannot be called any more, under no address. Its runs and logs stay
   * until their retention ends, and UndeleteCode brings it back for 30 days.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public DeleteCodeResponse deleteCode(DeleteCodeRequest request) {
    return calls.call(CodeServiceGrpc.getDeleteCodeMethod(), request, timeout);
  }

  /**
   * Brings a deleted code back as it was. ALREADY_EXISTS (SLUG_TAKEN) if another code took its slug.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public UndeleteCodeResponse undeleteCode(UndeleteCodeRequest request) {
    return calls.call(CodeServiceGrpc.getUndeleteCodeMethod(), request, timeout);
  }

  /**
   * Reads a code's versions, newest first.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ListCodeVersionsResponse listCodeVersions(ListCodeVersionsRequest request) {
    return calls.call(CodeServiceGrpc.getListCodeVersionsMethod(), request, timeout);
  }

  /**
   * Reads everything that {@link #listCodeVersions} answers, page after page, from the request's page token on.
   *
   * @param request what to list; pages have 100 items unless it says otherwise
   * @return the items, each page read when the one before it is used up
   */
  public Pages<CodeVersion> listAllCodeVersions(ListCodeVersionsRequest request) {
    return new Pages<>(
        request.getPageToken(),
        token -> {
          int size = Pages.sizeFor(request.getPageSize());
          var page = listCodeVersions(request.toBuilder().setPageSize(size).setPageToken(token).build());
          return new Pages.Page<>(page.getVersionsList(), page.getNextPageToken());
        });
  }

  /**
   * Reads one version with its source.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public GetCodeVersionResponse getCodeVersion(GetCodeVersionRequest request) {
    return calls.call(CodeServiceGrpc.getGetCodeVersionMethod(), request, timeout);
  }

  /**
   * Publishes a draft, or rolls back to an older version. Every call that starts after the answer
   * runs that version.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ActivateCodeVersionResponse activateCodeVersion(ActivateCodeVersionRequest request) {
    return calls.call(CodeServiceGrpc.getActivateCodeVersionMethod(), request, timeout);
  }

  /**
   * Looks for what would make a source useless: syntax, entry point, imports (in Go also types). Runs
   * nothing of it and stores nothing.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public CheckCodeResponse checkCode(CheckCodeRequest request) {
    return calls.call(CodeServiceGrpc.getCheckCodeMethod(), request, timeout);
  }

  /**
   * Stores or replaces a named value that the project's codes can read. Encrypted at rest, never read back;
   * runs that start after the answer see the new value, and their logs show {@code ***} in its place.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public PutSecretResponse putSecret(PutSecretRequest request) {
    return calls.call(CodeServiceGrpc.getPutSecretMethod(), request, timeout);
  }

  /**
   * Reads the names and times of a project's secrets, in the order of their names.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ListSecretsResponse listSecrets(ListSecretsRequest request) {
    return calls.call(CodeServiceGrpc.getListSecretsMethod(), request, timeout);
  }

  /**
   * Reads everything that {@link #listSecrets} answers, page after page, from the request's page token on.
   *
   * @param request what to list; pages have 100 items unless it says otherwise
   * @return the items, each page read when the one before it is used up
   */
  public Pages<Secret> listAllSecrets(ListSecretsRequest request) {
    return new Pages<>(
        request.getPageToken(),
        token -> {
          int size = Pages.sizeFor(request.getPageSize());
          var page = listSecrets(request.toBuilder().setPageSize(size).setPageToken(token).build());
          return new Pages.Page<>(page.getSecretsList(), page.getNextPageToken());
        });
  }

  /**
   * Takes a secret away; runs that start after the answer do not see it.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public DeleteSecretResponse deleteSecret(DeleteSecretRequest request) {
    return calls.call(CodeServiceGrpc.getDeleteSecretMethod(), request, timeout);
  }
}
