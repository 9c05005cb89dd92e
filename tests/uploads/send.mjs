// Sends a file with tus-js-client, and prints the id of the media that it became.
import fs from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, authorization, path, options] = process.argv.slice(2);
let media = null;
const upload = new Upload(fs.createReadStream(path), {
  endpoint,
  headers: { Authorization: authorization },
  uploadSize: fs.statSync(path).size,
  metadata: { filename: "été.mp4", filetype: "video/mp4" },
  retryDelays: [0, 200, 200, 500, 500, 1000],
  ...JSON.parse(options),
  onAfterResponse: (_, response) => {
    media = response.getHeader("Media-Id") ?? media;
  },
  onSuccess: () => {
    console.log(media);
    process.exit(0); // bodies of requests that were refused half-way would keep it waiting
  },
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
});
upload.start();
