// Written by clients/java/tools/ServiceGenerator.java from the contract. Do not edit.
package io.codeactions.client;

import io.codeactions.v1.CreateProjectRequest;
import io.codeactions.v1.CreateProjectResponse;
import io.codeactions.v1.CreateTokenRequest;
import io.codeactions.v1.CreateTokenResponse;
import io.codeactions.v1.DeleteProjectRequest;
import io.codeactions.v1.DeleteProjectResponse;
import io.codeactions.v1.GetProjectRequest;
import io.codeactions.v1.GetProjectResponse;
import io.codeactions.v1.ListProjectsRequest;
import io.codeactions.v1.ListProjectsResponse;
import io.codeactions.v1.ListTokensRequest;
import io.codeactions.v1.ListTokensResponse;
import io.codeactions.v1.Project;
import io.codeactions.v1.ProjectServiceGrpc;
import io.codeactions.v1.RevokeTokenRequest;
import io.codeactions.v1.RevokeTokenResponse;
import io.codeactions.v1.Token;
import io.codeactions.v1.UpdateProjectRequest;
import io.codeactions.v1.UpdateProjectResponse;
import java.time.Duration;

/**
 * Keeps projects and the tokens that open them.
 *
 * <p>Calls block until they are answered, have a deadline, are sent again where that does nothing twice, and throw
 * {@link CodeActionsException}. What streams is followed with {@link CodeActions}. Safe for use by many threads.
 */
public final class ProjectService {
  private final Calls calls;
  private final Duration timeout;

  ProjectService(Calls calls, Duration timeout) {
    this.calls = calls;
    this.timeout = timeout;
  }

  /**
   * The same service with another deadline, which also bounds what is sent again.
   *
   * @param timeout how long each call may take; more than zero
   * @return the service, over the same connection
   */
  public ProjectService withTimeout(Duration timeout) {
    return new ProjectService(calls, Calls.checked(timeout));
  }

  /**
   * Makes a project. For the operator's token only.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public CreateProjectResponse createProject(CreateProjectRequest request) {
    return calls.call(ProjectServiceGrpc.getCreateProjectMethod(), request, timeout);
  }

  /**
   * Reads one project.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public GetProjectResponse getProject(GetProjectRequest request) {
    return calls.call(ProjectServiceGrpc.getGetProjectMethod(), request, timeout);
  }

  /**
   * Reads the projects the caller has a role in, newest first.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ListProjectsResponse listProjects(ListProjectsRequest request) {
    return calls.call(ProjectServiceGrpc.getListProjectsMethod(), request, timeout);
  }

  /**
   * Reads everything that {@link #listProjects} answers, page after page, from the request's page token on.
   *
   * @param request what to list; pages have 100 items unless it says otherwise
   * @return the items, each page read when the one before it is used up
   */
  public Pages<Project> listAllProjects(ListProjectsRequest request) {
    return new Pages<>(
        request.getPageToken(),
        token -> {
          int size = Pages.sizeFor(request.getPageSize());
          var page = listProjects(request.toBuilder().setPageSize(size).setPageToken(token).build());
          return new Pages.Page<>(page.getProjectsList(), page.getNextPageToken());
        });
  }

  /**
   * Changes the fields that are present.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public UpdateProjectResponse updateProject(UpdateProjectRequest request) {
    return calls.call(ProjectServiceGrpc.getUpdateProjectMethod(), request, timeout);
  }

  /**
   * Takes a project away at once, with all that it owns; the rows are purged 30 days later. For the
   * operator's token only.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public DeleteProjectResponse deleteProject(DeleteProjectRequest request) {
    return calls.call(ProjectServiceGrpc.getDeleteProjectMethod(), request, timeout);
  }

  /**
   * Makes a credential for the project and shows its secret, once.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public CreateTokenResponse createToken(CreateTokenRequest request) {
    return calls.call(ProjectServiceGrpc.getCreateTokenMethod(), request, timeout);
  }

  /**
   * Reads the project's tokens, newest first, without their secrets.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ListTokensResponse listTokens(ListTokensRequest request) {
    return calls.call(ProjectServiceGrpc.getListTokensMethod(), request, timeout);
  }

  /**
   * Reads everything that {@link #listTokens} answers, page after page, from the request's page token on.
   *
   * @param request what to list; pages have 100 items unless it says otherwise
   * @return the items, each page read when the one before it is used up
   */
  public Pages<Token> listAllTokens(ListTokensRequest request) {
    return new Pages<>(
        request.getPageToken(),
        token -> {
          int size = Pages.sizeFor(request.getPageSize());
          var page = listTokens(request.toBuilder().setPageSize(size).setPageToken(token).build());
          return new Pages.Page<>(page.getTokensList(), page.getNextPageToken());
        });
  }

  /**
   * Makes a token worthless: calls that arrive after the answer are refused.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public RevokeTokenResponse revokeToken(RevokeTokenRequest request) {
    return calls.call(ProjectServiceGrpc.getRevokeTokenMethod(), request, timeout);
  }
}
