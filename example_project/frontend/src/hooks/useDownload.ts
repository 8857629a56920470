import { useMutation } from "@tanstack/react-query";

import { exportProfile } from "../services/personalization";
import { saveFile } from "../services/saveFile";

/** Fetch all that is stored about the person and save it as a file. */
export const useDownload = (fileName: string) =>
  useMutation({
    mutationFn: () => exportProfile(),
    onSuccess: (content) => { saveFile(content, fileName); },
  });
