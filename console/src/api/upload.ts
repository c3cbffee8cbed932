/** Uploads a file. XMLHttpRequest, since fetch does not report upload progress. */

import { address, Problem, problemOf, unauthorized, type Parameters } from './http';

export interface Upload<T> {
  done: Promise<T>;
  cancel: () => void;
}

/** Starts the upload; `progress` gets the share sent, from 0 to 1. Rejects with a Problem. */
export function post<T>(
  file: Blob,
  path: string,
  parameters: Parameters,
  progress: (share: number) => void,
): Upload<T> {
  const xhr = new XMLHttpRequest();
  const done = new Promise<T>((resolve, reject) => {
    xhr.open('POST', address(path, parameters));
    xhr.setRequestHeader('accept', 'application/json');
    xhr.setRequestHeader('content-type', 'application/octet-stream');
    xhr.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) progress(event.loaded / event.total);
    };
    xhr.upload.onload = () => {
      progress(1);
    };
    xhr.onerror = () => {
      reject(new Problem(0, 'unreachable', ''));
    };
    xhr.onabort = () => {
      reject(new Problem(0, 'cancelled', ''));
    };
    xhr.onload = () => {
      let body: unknown = null;
      try {
        body = JSON.parse(xhr.responseText);
      } catch {
        // Not JSON: the status alone has to do.
      }
      if (xhr.status >= 200 && xhr.status < 300 && body !== null) {
        resolve(body as T);
        return;
      }
      if (xhr.status === 401) unauthorized();
      reject(problemOf(xhr.status, body, xhr.getResponseHeader('retry-after')));
    };
    xhr.send(file);
  });
  return {
    done,
    cancel: () => {
      xhr.abort();
    },
  };
}
